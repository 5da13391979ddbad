/** Tiles of the legacy templates of Windows 8 and 8.1: the template's name says what goes where. */

import { el, listOf } from "./dom.js";
import { icon } from "./images.js";
import { badgeMark } from "./win-badge.js";
import { imageBox, textLine } from "./win-content.js";

/** The first text is a heading, by size and shape. */
const HEADED = /^(medium (Text0[12]|PeekImageAndText0[12])|wide (Text0[1239]|Text07|Text10|PeekImage0[125]|PeekImageAndText02|PeekImageCollection0[125]|SmallImageAndText0[25])|large (Text0[12579]|TextList03|ImageAndTextOverlay03|SmallImagesAndTextList0[14]|SmallImageAndText01))$/;

/** Lines in two columns. */
const COLUMNS = /^(wide Text(02|06|07|08|10|11)|large Text0[245678])$/;

/** The part of a template's name that says how it is laid out: `PeekImageAndText01`. */
const shapeOf = (template) => String(template).replace(/^Tile(Square|Wide|Tall)(\d+x\d+)?/, "");

/** @param {any} text @param {boolean} wraps */
const line = (text, wraps, style = "caption") => textLine({ style, wrap: wraps, ...text });

/** Texts below each other: a heading, lines, and one that wraps where it is the only one. */
function lines(size, shape, texts) {
  const headed = HEADED.test(`${size} ${shape}`);
  const rest = headed ? texts.slice(1) : texts;
  const nodes = rest.map((text) => line(text, rest.length === 1));
  const heading = headed && texts[0] ? line(texts[0], rest.length === 0, size === "medium" ? "base" : "subtitle") : null;
  const block = COLUMNS.test(`${size} ${shape}`) ? el("div", { class: "legacy-columns" }, ...nodes) : el("div", {}, ...nodes);
  return el("div", { class: "legacy-lines" }, heading, block);
}

/** A large number with a word below it, and lines at its side. */
function blocks(texts) {
  const number = texts.length > 3 ? texts.length - 2 : Math.max(texts.length - 2, 0);
  const side = texts.slice(0, number);
  return el("div", { class: "legacy-block" },
    side.length > 0 && el("div", { class: "legacy-lines" }, ...side.map((text) => line(text, side.length === 1))),
    el("div", { class: "legacy-number" }, ...texts.slice(number).map((text, at) => line(text, false, at === 0 ? "headerNumeral" : "caption"))));
}

/** Texts over an image that fills the tile. */
const over = (image, text) => el("div", { class: "legacy-over" }, image && imageBox(image, "behind"), text);

const mosaic = (images) => el("div", { class: "legacy-mosaic" }, ...images.map((image) => imageBox(image, "cell")));

/** Small images at the left, each with its share of the texts. */
function rows(size, shape, texts, images) {
  const headed = HEADED.test(`${size} ${shape}`) && images.length > 1 && texts.length % images.length === 1;
  const share = Math.ceil((texts.length - (headed ? 1 : 0)) / Math.max(images.length, 1));
  const rest = headed ? texts.slice(1) : texts;
  const parts = images.map((image, at) => el("div", { class: "legacy-row" },
    imageBox(image, "thumb"),
    lines(size, shape, rest.slice(at * share, (at + 1) * share))));
  return el("div", { class: "legacy-lines" }, headed && line(texts[0], false, "subtitle"), ...(parts.length ? parts : [lines(size, shape, texts)]));
}

function iconWithBadge(texts, images, badge) {
  return el("div", { class: "legacy-icon" },
    texts.length > 0 && el("div", { class: "legacy-lines" }, ...texts.map((text, at) => line(text, false, at === 0 ? "base" : "caption"))),
    el("span", { class: "legacy-symbol" }, images[0] && icon(images[0].src), badgeMark(badge)));
}

/**
 * The faces of a legacy tile, in the order in which they show: a peek template has two.
 * @param {string} size
 * @param {any} tile
 * @param {any} badge
 * @returns {HTMLElement[]}
 */
export function legacyFaces(size, tile, badge) {
  const shape = shapeOf(tile.template);
  const texts = listOf(tile.texts).filter(Boolean);
  const images = listOf(tile.images).filter(Boolean);
  if (shape.startsWith("IconWithBadge")) return [iconWithBadge(texts, images, badge)];
  if (shape.startsWith("Block")) return [images[0] ? over(images[0], blocks(texts)) : blocks(texts)];
  if (shape.startsWith("Small")) return [rows(size, shape, texts, images)];
  if (shape.startsWith("Peek")) return peek(size, shape, texts, images);
  if (shape.startsWith("ImageAndTextOverlay")) return [over(images[0], lines(size, shape, texts))];
  if (!images.length) return [lines(size, shape, texts)];
  const shown = images.length > 1 || shape.includes("Collection") ? mosaic(images) : imageBox(images[0], "whole");
  return [el("div", { class: "legacy-stack" }, shown, texts.length > 0 && lines(size, shape, texts))];
}

/** Some peek templates have one image more, which goes next to the texts. */
function peek(size, shape, texts, images) {
  const beside = /^PeekImage0[56]$|^PeekImageCollection0[56]$/.test(shape) ? images.slice(-1) : [];
  const first = images.slice(0, images.length - beside.length);
  const text = lines(size, shape, texts);
  const second = beside.length ? el("div", { class: "legacy-row" }, imageBox(beside[0], "thumb"), text) : text;
  if (!first.length) return [second];
  return [first.length > 1 ? mosaic(first) : imageBox(first[0], "whole"), second];
}
