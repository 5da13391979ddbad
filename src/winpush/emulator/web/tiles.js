/** Tiles of Windows Phone: the faces of the four templates, at medium and wide size. */

import { append, el, foreign, hash, listOf } from "./dom.js";
import { fileName, icon, picture } from "./images.js";

const MAX_CYCLE_IMAGES = 9;
const WIDE_FIELDS = [
  "wide_background_image", "wide_back_content", "wide_back_background_image",
  "wide_content1", "wide_content2", "wide_content3",
];

/** @param {unknown} value */
const given = (value) => value !== null && value !== undefined && value !== "";

/** @param {any} tile */
const fieldsOf = (tile) => tile.fields ?? {};

/**
 * Whether a tile has anything that only its wide size shows.
 * @param {any} tile
 */
export function isWide(tile) {
  const fields = fieldsOf(tile);
  return WIDE_FIELDS.some((name) => given(fields[name]));
}

/** @param {any} fields */
function hasBack(fields, wide) {
  const own = [fields.back_title, fields.back_content, fields.back_background_image];
  const extra = wide ? [fields.wide_back_content, fields.wide_back_background_image] : [];
  return [...own, ...extra].some(given);
}

/** Zero hides the counter on a phone, so there is no text here either. */
function counter(fields) {
  const count = Number(fields.count);
  return count > 0 && el("span", { class: "tile-count", title: `Count ${count}` }, count);
}

/** @param {any} fields */
function heading(fields) {
  return given(fields.title) && foreign("span", "tile-title", fields.title, { title: fields.title });
}

/** The background colour of an iconic tile, or null: only #AARRGGBB or #RRGGBB is accepted, so nothing else reaches CSS. */
function colourOf(value) {
  const match = /^#(?:[0-9a-f]{2})?([0-9a-f]{6})$/i.exec(String(value ?? ""));
  return match && `#${match[1]}`;
}

/** White, as on a phone, if that is readable on this colour (WCAG: 4.5 to 1); black on paler ones. */
function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.183 ? "#000" : "#fff";
}

/** @param {any} fields */
function plainFront(fields, wide) {
  const image = wide && given(fields.wide_background_image) ? fields.wide_background_image : fields.background_image;
  return [counter(fields), given(image) && picture(image), heading(fields)];
}

/** @param {any} fields */
function plainBack(fields, wide) {
  const pick = (wideName, name) => (wide && given(fields[wideName]) ? fields[wideName] : fields[name]);
  const image = pick("wide_back_background_image", "back_background_image");
  const content = pick("wide_back_content", "back_content");
  const behind = given(image) && picture(image);
  if (behind && given(content)) behind.classList.add("unnamed"); // three lines of text leave no room for the file name
  return [
    behind,
    given(content) && foreign("span", "tile-back-content", content, { title: content }),
    given(fields.back_title) && foreign("span", "tile-back-title", fields.back_title, { title: fields.back_title }),
  ];
}

/** @param {any} fields */
function iconicFront(fields, wide) {
  const image = wide && given(fields.small_icon_image) ? fields.small_icon_image : fields.icon_image ?? fields.small_icon_image;
  const symbol = el("span", { class: "iconic" }, given(image) && icon(image), counter(fields));
  const lines = [fields.wide_content1, fields.wide_content2, fields.wide_content3].map(
    (line) => given(line) && foreign("span", "wide-line", line, { title: line }),
  );
  const name = given(image) && foreign("span", "image-name", fileName(String(image)), { title: image });
  return [name, wide && el("span", { class: "wide-lines" }, ...lines), symbol, heading(fields)];
}

/** @param {any} fields */
function cycleFront(fields) {
  const images = listOf(fields.cycle_images).filter(given).slice(0, MAX_CYCLE_IMAGES);
  const frames = images.map((image, at) => {
    const frame = picture(image, images.length > 1 ? ` ${at + 1}/${images.length}` : "");
    frame.classList.add("frame");
    if (at === 0) frame.classList.add("frame-now");
    return frame;
  });
  if (!frames.length && given(fields.small_background_image)) frames.push(picture(fields.small_background_image));
  return [counter(fields), ...frames, heading(fields)];
}

/**
 * One face at rest: for the detail panel, and as a part of the turning tile.
 * @param {any} tile
 * @param {"front" | "back"} side
 * @param {boolean} wide
 */
export function tileFace(tile, side, wide) {
  const fields = fieldsOf(tile);
  const face = el("div", { class: `face ${side}` });
  if (side === "back") append(face, plainBack(fields, wide));
  else if (tile.template === "IconicTile") append(face, iconicFront(fields, wide));
  else if (tile.template === "CycleTile") append(face, cycleFront(fields));
  else append(face, plainFront(fields, wide));
  const colour = tile.template === "IconicTile" && colourOf(fields.background_color);
  if (colour) {
    face.style.setProperty("--face", colour);
    face.style.setProperty("--face-ink", inkOn(colour));
  }
  return face;
}

/** What a tile's tooltip says: which tile it is. */
function nameOf(tile) {
  return given(tile.id) ? `Secondary tile ${tile.id}` : "Application tile";
}

/**
 * A tile of the start screen. A tile with a back turns over, one with several images cycles: motion.js does both.
 * @param {any} tile
 */
export function startTile(tile) {
  const fields = fieldsOf(tile);
  const wide = isWide(tile);
  const turns = tile.template !== "IconicTile" && tile.template !== "CycleTile" && hasBack(fields, wide);
  const cycles = tile.template === "CycleTile" && listOf(fields.cycle_images).length > 1;
  const classes = ["tile", wide ? "wide" : "medium", `tile-${templateClass(tile)}`, turns && "turns", cycles && "cycles"];
  const flipper = el("div", { class: "flipper" }, tileFace(tile, "front", wide), turns && tileFace(tile, "back", wide));
  return el("li", {
    class: classes.filter(Boolean).join(" "),
    title: nameOf(tile),
    "data-tile": String(tile.id ?? ""),
    "data-phase": hash(`${tile.id} ${tile.updated}`) % 60,
  }, flipper);
}

/** Only known templates become class names. */
function templateClass(tile) {
  return { FlipTile: "flip", IconicTile: "iconic", CycleTile: "cycle" }[tile.template] ?? "plain";
}

/**
 * All faces of a tile side by side, for the detail panel.
 * @param {any} tile
 */
export function tileFaces(tile) {
  const back = tile.template !== "IconicTile" && tile.template !== "CycleTile";
  const figures = [];
  for (const wide of isWide(tile) ? [false, true] : [false]) {
    figures.push(figure(tile, "front", wide));
    if (back && hasBack(fieldsOf(tile), wide)) figures.push(figure(tile, "back", wide));
  }
  return el("div", { class: "faces" }, ...figures);
}

function figure(tile, side, wide) {
  const size = wide ? "wide" : "medium";
  const shown = el("div", { class: `tile still ${size} tile-${templateClass(tile)}` }, tileFace(tile, side, wide));
  return el("figure", { class: `face-figure ${size}` }, shown, el("figcaption", {}, `${wide ? "Wide, " : ""}${side}`));
}
