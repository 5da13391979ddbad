/** Stand-ins for images. The page loads none, because their addresses come from senders; it draws one from the name. */

import { el, foreign, hash } from "./dom.js";

const PATTERNS = 6;
const ICONS = 5;
const ACCENTS = 12;

/**
 * The last part of an image's path: what a person would call the image.
 * @param {string} uri
 */
export function fileName(uri) {
  const path = uri.split(/[?#]/, 1)[0].replace(/\/+$/, "");
  const last = path.slice(path.lastIndexOf("/") + 1) || uri;
  try {
    return decodeURIComponent(last);
  } catch {
    return last; // a stray % is the sender's mistake; show the name as it is
  }
}

/**
 * A picture made of two colours and a pattern that come from the image's name; the whole address is its tooltip.
 * @param {unknown} uri
 * @param {string} [note] said after the file name
 */
export function picture(uri, note = "") {
  const address = String(uri);
  const seed = hash(fileName(address));
  const name = foreign("span", "image-name", fileName(address) + note);
  const node = el("div", { class: `image pattern-${seed % PATTERNS}`, title: address }, name);
  node.style.setProperty("--hue", String((seed >>> 4) % 360));
  return node;
}

/**
 * The class with a device's accent colour; its owner would have chosen one, here its id does.
 * @param {unknown} id
 */
export function accentClass(id) {
  return `accent-${hash(id) % ACCENTS}`;
}

/**
 * A white shape that stands for an iconic tile's icon (a phone draws those white, whatever their colours).
 * @param {unknown} uri
 */
export function icon(uri) {
  const address = String(uri);
  return el("span", { class: `icon icon-${hash(fileName(address)) % ICONS}`, title: address });
}
