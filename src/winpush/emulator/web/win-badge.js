/** The badge of a Windows app: a number, or one of twelve glyphs. The shapes are in the style sheet. */

import { el } from "./dom.js";
import { given } from "./win-content.js";

/** What each glyph is called on the page. */
const GLYPHS = new Map([
  ["activity", "activity"],
  ["alarm", "alarm"],
  ["alert", "alert"],
  ["attention", "attention"],
  ["available", "available"],
  ["away", "away"],
  ["busy", "busy"],
  ["error", "error"],
  ["newMessage", "new message"],
  ["paused", "paused"],
  ["playing", "playing"],
  ["unavailable", "unavailable"],
]);

/**
 * The badge, or null when it is cleared or there is none.
 * @param {any} badge
 */
export function badgeMark(badge) {
  if (!badge || badge.is_cleared) return null;
  const glyph = GLYPHS.get(badge.glyph);
  if (glyph) return el("span", { class: "win-badge glyph", role: "img", "aria-label": `Badge ${glyph}`, title: glyph, "data-glyph": badge.glyph });
  return given(badge.text) ? el("span", { class: "win-badge", title: `Badge ${badge.text}` }, badge.text) : null;
}

/**
 * What the badge says, in words.
 * @param {any} badge
 */
export function badgeWords(badge) {
  if (!badge) return "None yet.";
  if (badge.is_cleared) return "Cleared.";
  return badge.glyph ? `The glyph ${GLYPHS.get(badge.glyph) ?? badge.glyph}.` : `The number ${badge.text}.`;
}
