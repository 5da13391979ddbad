/** What is below a toast's texts: inputs, selections, buttons, and the entries of its menu. Only drawn: they do nothing. */

import { append, el, foreign, listOf } from "./dom.js";
import { fileName, icon } from "./images.js";
import { given } from "./win-content.js";

/** What Windows itself writes on a system button that has no text of its own. */
const SYSTEM_WORDS = new Map([["snooze", "Snooze"], ["dismiss", "Dismiss"]]);

/** What Windows draws for `hint-systemCommands`: a list of its own, which starts at nine minutes. */
const SYSTEM_SNOOZE = "9 minutes";
const SYSTEM_INPUT = { type: "selection", id: "", default: "9", selections: [{ id: "9", content: SYSTEM_SNOOZE }] };
const SYSTEM_BUTTONS = [...SYSTEM_WORDS].map(([word, content]) => ({ content, arguments: word, activation_type: "system" }));

/** The text of a button, or a substitute. */
function captionOf(button) {
  if (given(button.content)) return button.content;
  const system = button.activation_type === "system" && SYSTEM_WORDS.get(button.arguments);
  return system || button.tool_tip || "";
}

/** What a click does, for the tooltip and the list of actions. @param {any} action */
export function effectOf(action) {
  const how = action.activation_type ?? "foreground";
  const after = action.after_activation === "pendingUpdate" ? ", then waits for an update" : "";
  const interval = how === "system" && action.arguments === "snooze" && !given(action.input_id) ? `, ${SYSTEM_SNOOZE}` : "";
  return `${how}: ${action.arguments}${interval}${after}`;
}

/** @param {any} button */
function buttonOf(button) {
  const caption = captionOf(button);
  const bare = !given(button.content) && given(button.image);
  return el("span", { class: `win-button ${bare ? "bare" : ""}`, "data-style": button.style, title: [button.tool_tip, effectOf(button)].filter(given).join("\n") },
    given(button.image) && iconOf(button, caption),
    given(caption) && foreign("span", bare ? "visually-hidden" : "", caption),
    !given(caption) && !given(button.image) && el("span", {}, "\u2026"));
}

function iconOf(button, caption) {
  const node = icon(button.image);
  if (!given(caption)) node.setAttribute("aria-label", fileName(String(button.image)));
  return node;
}

/** @param {any} input */
function fieldOf(input) {
  const field = el("span", { class: `win-field ${input.type === "selection" ? "drops" : ""}`, "data-input": input.id });
  if (input.type === "selection") {
    const chosen = listOf(input.selections).find((item) => item.id === input.default);
    const all = listOf(input.selections).map((item) => item.content).join("\n");
    field.title = all;
    append(field, [foreign("span", chosen ? "" : "win-placeholder", chosen?.content ?? "")]);
  } else {
    append(field, [given(input.default) ? foreign("span", "", input.default) : foreign("span", "win-placeholder", input.placeholder)]);
  }
  return field;
}

/** An input with its title, and next to it the button that sends it. */
function inputRow(input, buttons) {
  const beside = buttons.filter((button) => given(button.input_id) && button.input_id === input.id && button.activation_type !== "system");
  return el("div", { class: "win-input" },
    given(input.title) && foreign("span", "win-input-title", input.title),
    el("span", { class: "win-input-row" }, fieldOf(input), ...beside.map(buttonOf)));
}

/** If every button of the row has an icon, Windows draws icon buttons: the icon above its caption. */
const inIconStyle = (row) => row.every((button) => given(button.image));

/**
 * Inputs and buttons of a toast, or null when it has none.
 * @param {any} toast
 */
export function actionsOf(toast) {
  const system = toast.system_commands === true;
  const inputs = system ? [SYSTEM_INPUT] : listOf(toast.inputs);
  const buttons = system ? SYSTEM_BUTTONS : listOf(toast.buttons);
  const ids = new Set(inputs.map((input) => input.id));
  const row = buttons.filter((button) => button.activation_type === "system" || !given(button.input_id) || !ids.has(button.input_id));
  if (!inputs.length && !buttons.length) return null;
  return el("div", { class: "win-actions" },
    ...inputs.map((input) => inputRow(input, buttons)),
    row.length > 0 && el("div", { class: `win-buttons ${inIconStyle(row) ? "icon-style" : ""}` }, ...row.map(buttonOf)));
}

/**
 * The right-click menu, opened; null without entries.
 * @param {any} toast
 */
export function menuOf(toast) {
  const entries = listOf(toast.menu);
  if (!entries.length) return null;
  const rows = entries.map((entry) => el("li", { title: effectOf(entry) }, foreign("span", "", entry.content)));
  return el("div", { class: "win-menu" }, el("p", { class: "win-menu-title" }, "Right click"), el("ul", {}, ...rows));
}
