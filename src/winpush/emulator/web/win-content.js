/** What toasts and tiles of Windows are made of: texts with their styles, images, columns, and progress bars. */

import { append, el, foreign, listOf } from "./dom.js";
import { fileName, picture } from "./images.js";

const PERCENT = 100;
/** A sender may ask for two billion lines; no tile or toast has room for more than these. */
const MOST_LINES = 22;

/** Whether there is a value. @param {unknown} value */
export const given = (value) => value !== null && value !== undefined && value !== "";

/**
 * A text with its hints. Styles and alignments are attributes that the style sheet looks for: an unknown one does nothing.
 * @param {any} item
 * @param {string} [className]
 */
export function textLine(item, className = "") {
  const node = foreign("p", `win-text ${className} ${item.wrap ? "wraps" : ""}`, item.text, {
    "data-style": item.style,
    "data-align": item.align,
    lang: item.lang,
  });
  for (const [name, lines] of [["--max-lines", item.max_lines], ["--min-lines", item.min_lines]]) {
    if (Number.isInteger(lines)) node.style.setProperty(name, String(Math.min(lines, MOST_LINES)));
  }
  return node;
}

/**
 * The stand-in for an image, in the shape that it has on the device.
 * @param {any} item
 * @param {string} place its place, a class name of ours
 */
export function imageBox(item, place) {
  const box = el("div", {
    class: `win-image ${place}`,
    role: "img",
    "aria-label": given(item.alt) ? item.alt : fileName(String(item.src)),
    "data-crop": item.crop,
    "data-align": item.align,
    "data-edge": Boolean(item.remove_margin),
  }, picture(item.url ?? item.src));
  if (given(item.overlay)) box.style.setProperty("--overlay", String(Number(item.overlay) / PERCENT));
  return box;
}

/**
 * The weights of columns. A column without one gets 50 if it is the first, else what is left of 100, and at least 1.
 * @param {any[]} columns
 */
export function weights(columns) {
  let used = 0;
  return columns.map((column, at) => {
    const weight = column.weight ?? (at === 0 ? 50 : Math.max(PERCENT - used, 1));
    used += weight;
    return weight;
  });
}

/** @param {any} group */
function columnsOf(group) {
  const columns = listOf(group.subgroups);
  const shares = weights(columns);
  return el("div", { class: "win-group" }, ...columns.map((column, at) => {
    const node = el("div", { class: "win-column", "data-stacking": column.text_stacking }, ...listOf(column.content).map(inColumn));
    node.style.setProperty("--weight", String(shares[at]));
    return node;
  }));
}

const inColumn = (item) => (item.type === "image" ? imageBox(item, "in-column") : textLine(item));

/** The text at the right below a bar: the sender's own words, or a percentage. */
function progressValue(item) {
  if (given(item.value_override)) return item.value_override;
  return typeof item.value === "number" ? `${Math.round(item.value * PERCENT)}%` : item.value === "indeterminate" ? "" : item.value;
}

/** @param {any} item */
function progressBar(item) {
  const known = typeof item.value === "number";
  const bar = el("div", {
    class: `win-track ${item.value === "indeterminate" ? "endless" : ""}`,
    role: "progressbar",
    "aria-label": given(item.title) ? item.title : given(item.status) ? item.status : "Progress",
    "aria-valuemin": 0,
    "aria-valuemax": PERCENT,
    "aria-valuenow": known && Math.round(item.value * PERCENT),
  }, el("span", { class: "win-fill" }));
  if (known) bar.style.setProperty("--done", String(item.value));
  return el("div", { class: "win-progress" },
    given(item.title) && foreign("p", "win-progress-title", item.title),
    bar,
    el("p", { class: "win-progress-foot" }, foreign("span", "", item.status), foreign("span", "", progressValue(item))));
}

/**
 * The content of a toast or tile in its order. Items at the top level are drawn by `text` and `image`.
 * @param {any[]} content
 * @param {{text: (item: any, at: number) => HTMLElement, image: (item: any) => HTMLElement}} top
 */
export function contentOf(content, top) {
  const nodes = [];
  let texts = 0;
  for (const item of listOf(content)) {
    if (item.type === "text") nodes.push(top.text(item, texts++));
    else if (item.type === "image") nodes.push(top.image(item));
    else if (item.type === "group") nodes.push(columnsOf(item));
    else if (item.type === "progress") nodes.push(progressBar(item));
  }
  return nodes;
}

/**
 * Every text that a picture holds, however deep: for the search.
 * @param {unknown} value
 * @returns {string[]}
 */
export function wordsIn(value) {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(wordsIn);
}

/**
 * A list of terms; what is not given is left out.
 * @param {Array<[string, unknown]>} rows
 */
export function terms(rows) {
  const list = el("dl", { class: "fields" });
  for (const [name, value] of rows) if (given(value)) append(list, [el("dt", {}, name), foreign("dd", "", value)]);
  return list;
}
