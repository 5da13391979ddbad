/** Citations of the protocol reference as links. The grammar is that of `winpush.citations`; a test keeps them in step. */

import { el } from "./dom.js";

const NUMBER = "[0-9]+(?:\\.[0-9]+)*";
const KEY = "[ABGLMRSTW][0-9]{1,2}[a-z]?";
const CITATION = new RegExp(
  `\\b(?<page>wns|mpns|webpush)\\.md (?<numbers>${NUMBER}(?:(?:, | and | to )${NUMBER})*)` +
  `|\\[(?<keys>${KEY}(?:, ${KEY})*(?:: [^\\[\\]\\n]+)?)\\]`, "g");
const NUMBERS = new RegExp(NUMBER, "g");
const KEYS = new RegExp(`(${KEY})(?:: [^\\[\\]\\n]+)?`, "g");

/**
 * Splits the text into plain pieces and citations, each with the place that it names.
 * @param {unknown} text
 * @returns {Array<string | {text: string, page: string, anchor: string}>}
 */
export function parse(text) {
  const whole = String(text ?? "");
  const pieces = [];
  let end = 0;
  for (const { start, ...citation } of found(whole)) {
    if (start > end) pieces.push(whole.slice(end, start));
    pieces.push(citation);
    end = start + citation.text.length;
  }
  if (end < whole.length) pieces.push(whole.slice(end));
  return pieces;
}

function* found(whole) {
  for (const match of whole.matchAll(CITATION)) {
    const { page, numbers, keys } = match.groups;
    const inner = page ? match.index + match[0].length - numbers.length : match.index + 1;
    for (const part of (numbers ?? keys).matchAll(page ? NUMBERS : KEYS)) {
      const start = page && part.index === 0 ? match.index : inner + part.index;
      const text = whole.slice(start, inner + part.index + part[0].length);
      const anchor = page ? `s${part[0].replaceAll(".", "-")}` : part[1].toLowerCase();
      yield { start, text, page: page ?? "sources", anchor };
    }
  }
}

/**
 * Nodes for a text, with its citations as links. The grammar lets only a name and digits through as page and anchor.
 * @param {unknown} text
 */
export function linked(text) {
  return parse(text).map((piece) => typeof piece === "string" ? piece
    : el("a", { class: "citation", href: `/protocol/${piece.page}#${piece.anchor}`, target: "_blank", rel: "noopener" }, piece.text));
}
