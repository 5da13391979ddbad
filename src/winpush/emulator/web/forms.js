/** Parts of forms and dialogs, and the line below them that reports the outcome. */

import { el, setText } from "./dom.js";

/**
 * A select of words, or of [value, text] pairs.
 * @param {Array<string | [string, string]>} choices
 * @param {Record<string, unknown>} [attributes]
 * @returns {any}
 */
export function select(choices, attributes = {}) {
  const options = choices.map((choice) => {
    const [value, text] = Array.isArray(choice) ? choice : [choice, choice];
    return el("option", { value }, text);
  });
  return el("select", attributes, ...options);
}

/**
 * A labelled control.
 * @param {string} text
 * @param {Node} control
 * @param {string} [className]
 */
export function labelled(text, control, className = "") {
  return el("label", { class: `field ${className}` }, el("span", { class: "label" }, text), control);
}

/**
 * @param {string} text
 * @param {() => void} [onClick]
 * @param {Record<string, unknown>} [attributes]
 */
export function button(text, onClick, attributes = {}) {
  const made = el("button", { class: "button", type: onClick ? "button" : "submit", ...attributes }, text);
  if (onClick) made.addEventListener("click", onClick);
  return made;
}

/** A line that says what happened; screen readers announce it. */
export class Outcome {
  element = el("p", { class: "outcome", role: "status" });

  /** @param {string} text @param {"ok" | "later" | "refused" | "neutral"} [tone] */
  say(text, tone = "neutral") {
    this.element.className = `outcome tone-${tone}`;
    setText(this.element, text);
  }

  /**
   * Runs an action; if it fails, shows the API's message.
   * @param {() => Promise<void>} action
   */
  async follow(action) {
    try {
      await action();
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error), "refused");
    }
  }
}

/**
 * A dialog over the page, with a title and a button that closes it.
 * @param {string} id
 * @param {string} title
 * @param {...Node} content
 * @returns {any}
 */
export function dialog(id, title, ...content) {
  const close = button("Close", () => made.close());
  const head = el("div", { class: "panel-head" }, el("h2", { id: `${id}-title` }, title), close);
  const made = /** @type {any} */ (el("dialog", { id, class: "over", "aria-labelledby": `${id}-title` }, head, ...content));
  // A click on the backdrop hits the dialog itself, not its content.
  made.addEventListener("click", (event) => event.target === made && made.close());
  document.body.append(made);
  return made;
}

/**
 * A form that we submit ourselves: the page's policy blocks real submissions.
 * @param {() => void} onSubmit
 * @param {...Node} content
 */
export function form(onSubmit, ...content) {
  const made = el("form", { class: "controls" }, ...content);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    onSubmit();
  });
  return made;
}
