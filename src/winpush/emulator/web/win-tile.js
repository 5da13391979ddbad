/** A tile of Windows in its sizes: adaptive ones with branding, background and peek, and those of legacy templates. */

import { append, clock, el, foreign, hash, listOf } from "./dom.js";
import { badgeMark } from "./win-badge.js";
import { fitted } from "./win-fit.js";
import { contentOf, given, imageBox, terms, textLine } from "./win-content.js";
import { legacyFaces } from "./win-legacy.js";

export const SIZES = ["small", "medium", "wide", "large", "tall"];
const PHASES = 60;

const isLegacy = (tile) => Array.isArray(tile.texts);

/**
 * The app's name and logo at the lower edge, as `branding` says; a small tile has no room for them. Without `branding`
 * Windows 10 shows the name or nothing, as the app's own tile does: here the name, if the document gives one.
 */
function brandOf(size, tile) {
  const branding = tile.branding ?? (given(tile.display_name) ? "name" : "none");
  const name = (branding === "name" || branding === "nameAndLogo") && foreign("span", "tile-name", given(tile.display_name) ? tile.display_name : "Your app");
  const logo = (branding === "logo" || branding === "nameAndLogo") && el("span", { class: "win-app", "aria-hidden": "true" });
  return size !== "small" && (name || logo) ? el("div", { class: "win-brand" }, logo, name) : null;
}

/** Photos follow each other; people are circles; a contact is one large circle. */
function presented(tile) {
  const images = listOf(tile.content).filter((item) => item.type === "image");
  if (tile.presentation === "photos" && images.length) return images.map((image) => imageBox(image, "whole"));
  if (tile.presentation !== "people" && tile.presentation !== "contact") return null;
  const others = listOf(tile.content).filter((item) => item.type !== "image");
  const circles = images.map((image) => imageBox({ ...image, crop: "circle" }, tile.presentation === "people" ? "person" : "contact"));
  return [el("div", { class: `tile-people ${tile.presentation}` }, ...circles, ...others.map((item) => textLine(item)))];
}

function adaptiveFaces(tile) {
  const shown = presented(tile) ?? [fitted(el("div", { class: "tile-content", "data-stacking": tile.text_stacking },
    ...contentOf(tile.content, { text: (item) => textLine(item), image: (item) => imageBox(item, "inline") })))];
  const behind = tile.background && imageBox(tile.background, "behind");
  const faces = shown.map((content) => [behind && behind.cloneNode(true), content]);
  return tile.peek ? [[imageBox(tile.peek, "whole")], ...faces] : faces;
}

function facesOf(size, tile, badge) {
  const faces = isLegacy(tile) ? legacyFaces(size, tile, badge).map((content) => [content]) : adaptiveFaces(tile);
  return faces.map((parts) => el("div", { class: "face" }, ...parts));
}

/** A tile with its faces; name, logo and badge lie over them, unless the template draws the badge itself. */
function tileNode(tag, size, tile, badge, faces, attributes) {
  const own = String(tile.template).includes("IconWithBadge");
  const mark = own ? null : badgeMark(badge);
  const brand = own ? null : brandOf(size, tile);
  const front = brand || mark ? el("div", { class: "win-front" }, brand, mark) : null;
  const node = el(tag, { "data-size": size, ...attributes }, ...faces, front);
  node.classList.toggle("branded", Boolean(brand));
  node.classList.toggle("badged", Boolean(mark));
  return node;
}

/**
 * A live tile: motion.js shows its faces one after the other.
 * @param {string} size
 * @param {any} tile the picture of this size
 * @param {any} badge
 * @param {unknown} n
 */
export function liveTile(size, tile, badge, n) {
  const faces = facesOf(size, tile, badge);
  faces.forEach((face, at) => face.classList.add("frame", ...(at === 0 ? ["frame-now"] : [])));
  return tileNode("li", size, tile, badge, faces, {
    class: `tile win-tile ${faces.length > 1 ? "cycles" : ""}`,
    "data-phase": hash(`${n} ${size}`) % PHASES,
    title: `${size[0].toUpperCase()}${size.slice(1)} tile, ${tile.template}`,
  });
}

/**
 * The sizes that the start screen has room for: wide, medium and small together, or the large one alone.
 * @param {Record<string, any>} sizes
 */
export function pinned(sizes) {
  const small = ["wide", "medium", "small"].filter((size) => sizes[size]);
  return small.length ? small : ["large", "tall"].filter((size) => sizes[size]).slice(0, 1);
}

/**
 * Every size with every face, at rest: for the detail panel.
 * @param {any} picture
 * @param {any} badge
 */
export function tileDetail(picture, badge) {
  const sizes = picture.sizes ?? {};
  const node = el("div", { class: "win-sizes" });
  append(node, [el("p", { class: "tile-meta" }, clock(picture.at), given(picture.tag) && foreign("span", "", ` \u00b7 tag ${picture.tag}`))]);
  for (const size of SIZES.filter((each) => sizes[each])) append(node, [sizeDetail(size, sizes[size], badge)]);
  append(node, [lockScreen(sizes.wide)]);
  return node;
}

function sizeDetail(size, tile, badge) {
  const faces = facesOf(size, tile, badge);
  const figures = faces.map((face, at) => el("figure", { class: "win-figure" },
    tileNode("div", size, tile, badge, [face], { class: "tile win-tile still" }),
    el("figcaption", {}, faces.length > 1 ? `${size}, face ${at + 1}` : size)));
  return el("div", { class: "win-size" },
    el("div", { class: "faces" }, ...figures),
    terms([["template", tile.template], ["presentation", tile.presentation], ["click", tile.arguments], ["content id", tile.content_id]]));
}

/** The lines that a lock screen shows of the wide tile, when the app is chosen for it. */
function lockScreen(wide) {
  const lines = listOf(wide?.lock_screen).filter(given);
  if (!lines.length) return null;
  return el("div", { class: "win-lock" }, el("p", { class: "win-menu-title" }, "Lock screen"), ...lines.map((line) => foreign("p", "", line)));
}
