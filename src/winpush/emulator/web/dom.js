/** The DOM helpers that the other modules share. None of them reads markup from a string. */

/**
 * Makes an element. Attribute names come from our own code; values may be anything that arrived, because
 * `setAttribute` and text nodes never parse markup. Never pass data as `href`, `src`, `style` or `on…`.
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes] null, undefined and false leave the attribute out
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

/**
 * Appends children, leaving out null, undefined and false.
 * @param {Element} node
 * @param {Array<Node | string | number | null | undefined | false>} children
 */
export function append(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

/**
 * An element for text that a sender wrote: its own direction, so that right-to-left text can't reorder its surroundings.
 * @param {string} tag
 * @param {string} className
 * @param {unknown} text
 * @param {Record<string, unknown>} [attributes]
 */
export function foreign(tag, className, text, attributes = {}) {
  return el(tag, { class: className, dir: "auto", ...attributes }, String(text ?? ""));
}

/**
 * Sets text only where it differs: an unchanged text node costs no layout.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * The element with this id in index.html; a missing one is a bug, so it throws at once.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`index.html has no element #${id}`);
  return node;
}

/**
 * A `<time>` that shows the local time of day; the whole date is its tooltip.
 * @param {unknown} iso
 */
export function clock(iso) {
  const date = new Date(String(iso));
  const known = !Number.isNaN(date.getTime());
  const text = known ? date.toLocaleTimeString("en-GB") : "–";
  return el("time", { class: "clock", datetime: known && date.toISOString(), title: known && date.toLocaleString("en-GB") }, text);
}

/**
 * A `<time>` with the local time of day, and with the date unless that is today.
 * @param {unknown} iso
 */
export function timestamp(iso) {
  const node = clock(iso);
  const date = new Date(String(iso));
  if (!Number.isNaN(date.getTime()) && date.toDateString() !== new Date().toDateString()) {
    node.textContent = date.toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  }
  return node;
}

/**
 * A number that is the same for the same text on every machine (FNV-1a, 32 bit): colours and phases come from it.
 * @param {unknown} text
 */
export function hash(text) {
  let value = 0x811c9dc5;
  for (const char of String(text)) {
    value = Math.imul(value ^ char.codePointAt(0), 0x01000193) >>> 0;
  }
  return value;
}

/**
 * A number as people write it; a question mark for anything else.
 * @param {unknown} value
 */
export function numeral(value) {
  return typeof value === "number" && Number.isFinite(value) ? value.toLocaleString("en-GB") : "?";
}

/**
 * `count` things in plain English.
 * @param {unknown} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${numeral(count)} ${count === 1 ? one : many}`;
}

/**
 * The value if it is an array, else an empty array.
 * @param {unknown} value
 * @returns {any[]}
 */
export function listOf(value) {
  return Array.isArray(value) ? value : [];
}
