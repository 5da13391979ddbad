/** Motion on the start screens: one clock for all tiles, and only visible tiles move. */

const TICK_MS = 1000;
const FLIP_TICKS = 7;
const CYCLE_TICKS = 4;
const HALF_TURN_MS = 330;
const SLIDE_MS = 600;

const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Marks devices that are on the screen with the class `on-screen`.
 * @returns {{watch: (node: Element) => void, forget: (node: Element) => void}}
 */
export function createWatcher() {
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.target.classList.toggle("on-screen", entry.isIntersecting);
  });
  return { watch: (node) => observer.observe(node), forget: (node) => observer.unobserve(node) };
}

/** Starts the clock. Each tile has a phase of its own, so that neighbours turn over one after the other. */
export function startClock() {
  let tick = 0;
  setInterval(() => {
    tick += 1;
    if (document.hidden || still.matches) return;
    for (const tile of document.querySelectorAll(".on-screen:not([hidden]) .tile:is(.turns, .cycles)")) {
      if (tile.matches(":hover")) continue; // somebody is reading it
      const phase = tick + Number(tile.dataset.phase);
      if (tile.classList.contains("turns") && phase % FLIP_TICKS === 0) turn(tile);
      if (tile.classList.contains("cycles") && phase % CYCLE_TICKS === 0) slide(tile);
    }
  }, TICK_MS);
}

/**
 * Turns a tile over while the pointer is on it.
 * @param {HTMLElement} root
 */
export function turnUnderPointer(root) {
  for (const type of ["pointerover", "pointerout"]) {
    root.addEventListener(type, (event) => {
      const tile = event.target.closest?.(".tile.turns");
      if (tile && event.pointerType === "mouse" && !tile.contains(event.relatedTarget)) turn(tile);
    });
  }
}

/**
 * Half a turn, the other face, the second half. The tile has a 3D transform only for that long: hundreds of resting tiles
 * with `preserve-3d` and a hidden backface made each frame some twelve milliseconds longer.
 */
async function turn(tile) {
  const side = tile.classList.toggle("turned");
  const flipper = tile.firstElementChild;
  if (still.matches || !tile.closest(".on-screen")) return void tile.classList.toggle("shows-back", side);
  await rotate(flipper, 0, 90, "ease-in");
  tile.classList.toggle("shows-back", tile.classList.contains("turned"));
  await rotate(flipper, -90, 0, "ease-out");
}

function rotate(node, from, to, easing) {
  const transform = [from, to].map((angle) => `perspective(500px) rotateX(${angle}deg)`);
  return ended(node.animate({ transform }, { duration: HALF_TURN_MS, easing }));
}

/** The next image pushes the last one out at the top. */
async function slide(tile) {
  const frames = [...tile.querySelectorAll(".frame")];
  const at = frames.findIndex((frame) => frame.classList.contains("frame-now"));
  const [old, next] = [frames[at], frames[(at + 1) % frames.length]];
  if (!old || old === next) return;
  const timing = { duration: SLIDE_MS, easing: "cubic-bezier(0.1, 0.9, 0.2, 1)" };
  old.classList.replace("frame-now", "frame-gone");
  next.classList.add("frame-now");
  next.animate({ transform: ["translateY(100%)", "none"] }, timing);
  await ended(old.animate({ transform: ["none", "translateY(-100%)"] }, timing));
  old.classList.remove("frame-gone");
}

/** Resolves when an animation is over, even if its element was removed before that. */
function ended(animation) {
  return animation.finished.catch(() => undefined);
}
