/** What a tile has room for. Windows drops what doesn't fit: later groups whole, texts line by line, the rest below. */

/** An image lower than this is left out: nothing could be seen on it. */
const LOWEST_IMAGE = 12;

const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) fit(target);
});

/**
 * Keeps the content of a tile fitted whenever its size changes, and when it is first laid out.
 * @param {HTMLElement} content
 */
export function fitted(content) {
  watcher.observe(content);
  return content;
}

/** @param {any} content its children are the texts, images and groups of the tile, from top to bottom */
function fit(content) {
  const parts = [...content.children];
  for (const part of parts) reset(part);
  const style = getComputedStyle(content);
  const gap = Number.parseFloat(style.rowGap) || 0;
  const room = content.clientHeight - Number.parseFloat(style.paddingTop) - Number.parseFloat(style.paddingBottom);
  const firstGroup = content.querySelector(".win-group");
  let used = 0;
  let isFull = false;
  for (const part of parts) {
    const left = room - used;
    const height = part.offsetHeight + margins(part);
    isFull ||= height > left + 1 && !shorten(part, left, part === firstGroup);
    part.hidden = isFull;
    if (height > left + 1) isFull = true;
    used += height + gap;
  }
}

function reset(part) {
  for (const each of [part, ...part.querySelectorAll(".win-column > *")]) each.hidden = false;
  part.style.removeProperty("--fit-lines");
  part.style.removeProperty("--fit-height");
}

function margins(part) {
  const style = getComputedStyle(part);
  return Number.parseFloat(style.marginTop) + Number.parseFloat(style.marginBottom);
}

/** What doesn't fit falls off the end of a column, except its first part. */
function trim(column, limit) {
  for (const part of [...column.children].slice(1)) part.hidden = part.offsetTop + part.offsetHeight > limit + 1;
}

/**
 * Makes a part as low as what is left; false when it must go. The first group always stays, without what falls off.
 * @param {HTMLElement} part
 * @param {number} left
 * @param {boolean} isFirstGroup
 */
function shorten(part, left, isFirstGroup) {
  if (part.classList.contains("win-group")) {
    if (isFirstGroup) for (const column of part.children) trim(column, part.offsetTop + left);
    return isFirstGroup;
  }
  if (part.classList.contains("win-image")) {
    const height = Math.floor(left - Number.parseFloat(getComputedStyle(part).marginTop)); // nothing is below it
    part.style.setProperty("--fit-height", `${height}px`);
    return height >= LOWEST_IMAGE;
  }
  const lines = Math.floor(left / Number.parseFloat(getComputedStyle(part).lineHeight));
  part.style.setProperty("--fit-lines", String(Math.max(lines, 1)));
  return lines >= 1;
}
