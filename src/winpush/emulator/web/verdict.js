/** The second verdict on a payload: what the device shows of it, element by element, and why it doesn't show the rest. */

import { linked } from "./citations.js";
import { append, el, foreign, listOf, plural } from "./dom.js";

/** @typedef {"shown" | "ignored" | "note"} Fate */

const WORDS = new Map([["shown", "shown"], ["ignored", "not shown"], ["note", "shown, with a note"]]);

/** @returns {Fate} */
function fateOf(element) {
  if (!element.is_shown) return "ignored";
  return listOf(element.remarks).length ? "note" : "shown";
}

/** The element as it was written, in short. */
function tagOf(element) {
  const name = String(element.path).split("/").at(-1).replace(/\[\d+\]$/, "");
  const attributes = Object.entries(element.attributes ?? {}).map(([key, value]) => ` ${key}="${value}"`).join("");
  return foreign("code", "element-tag", `<${name}${attributes}>`, { dir: "ltr" });
}

function remarkOf(remark) {
  const place = String(remark.path).split("@")[1];
  return el("li", { class: `device-remark severity-${remark.severity === "note" ? "note" : "ignored"}` },
    place && foreign("code", "remark-place", `${place}: `),
    foreign("span", "", remark.message), " ",
    el("cite", { class: "remark-source" }, ...linked(remark.doubt ? `${remark.source}; doubtful: ${remark.doubt}` : remark.source)));
}

function elementRow(element) {
  const fate = fateOf(element);
  const row = el("li", { class: `element fate-${fate}`, "data-path": element.path, "data-fate": fate },
    el("span", { class: "fate", role: "img", "aria-label": WORDS.get(fate), title: WORDS.get(fate) }),
    el("span", {}, tagOf(element), element.text && foreign("span", "element-text", ` ${element.text}`)));
  row.style.setProperty("--depth", String(String(element.path).split("/").length - 1));
  const remarks = listOf(element.remarks);
  append(row, [remarks.length > 0 && el("ul", { class: "device-remarks" }, ...remarks.map(remarkOf))]);
  return row;
}

/** One sentence before the list. */
function summaryOf(device, elements) {
  if (device.summary) return device.summary;
  if (device.is_placeholder) return "Shows only the app's name and \u201cNew notification\u201d.";
  if (!device.is_shown) return "Shows none of it.";
  if (!elements.length) return "Handed to the app as it is; Windows shows none of it.";
  const lost = elements.filter((element) => !element.is_shown).length;
  const remarks = elements.reduce((sum, element) => sum + listOf(element.remarks).length, 0);
  if (lost) return `Shows it without ${plural(lost, "element")}.`;
  return remarks ? `Shows it, with ${plural(remarks, "remark")}.` : "Shows all of it.";
}

/**
 * The device's verdict on a request, or null where there is none.
 * @param {any} record
 */
export function deviceVerdict(record) {
  const device = record.device;
  if (!device) return null;
  const elements = listOf(device.elements);
  return el("section", { class: "device-verdict" },
    el("p", { class: "device-summary" }, summaryOf(device, elements)),
    elements.length > 0 && el("ol", { class: "elements", tabindex: "0", "aria-label": "Elements of the document" }, ...elements.map(elementRow)),
    device.left_out > 0 && el("p", { class: "quiet" }, `And ${plural(device.left_out, "more element")}.`));
}

/**
 * The remarks that are not the device's: on headers, and those of phones.
 * @param {any} record
 */
export function otherRemarks(record) {
  const told = new Set(listOf(record.device?.elements).flatMap((element) => listOf(element.remarks)).map((remark) => `${remark.path}: ${remark.message}`));
  return listOf(record.remarks).filter((remark) => !told.has(remark));
}
