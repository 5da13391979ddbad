/** A Windows screen: the start tiles, the last toast, the task bar with the badge, and the action centre behind the bell. */

import { el, listOf } from "./dom.js";
import { badgeMark } from "./win-badge.js";
import { liveTile, pinned } from "./win-tile.js";
import { centreOf, markBell, toastCard } from "./win-toast.js";

/** How long a toast looks new: about as long as Windows leaves it on the screen, short and long. */
const SHORT_MS = 7000;
const LONG_MS = 25_000;

export class WindowsDesk {
  element = el("div", { class: "win-desk" });
  #start = el("ul", { class: "win-start", "aria-label": "Tiles" });
  #slot = el("div", { class: "win-slot" });
  #mark = el("span", { class: "win-task" });
  #bell = el("button", { class: "win-bell", type: "button", "aria-expanded": "false" });
  #centre = null;
  #toasts = [];
  /** What was drawn last, by part: a part is redrawn only when its pictures change. */
  #drawn = new Map();
  #settle = 0;

  constructor() {
    const bar = el("div", { class: "win-bar" }, el("span", { class: "win-begin", "aria-hidden": "true" }), this.#mark, this.#bell);
    this.element.append(this.#start, this.#slot, bar);
    this.#bell.addEventListener("click", (event) => {
      event.stopPropagation(); // a click elsewhere on the device selects it
      this.#toggleCentre();
    });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /**
   * Shows what has changed.
   * @param {any} device
   * @param {boolean} quiet it is old news, and appears without animation
   */
  update(device, quiet) {
    this.#toasts = listOf(device.toasts);
    this.#once("tile", [device.tile, device.badge], () => this.#drawTiles(device.tile, device.badge, quiet));
    this.#once("badge", [device.badge], () => this.#drawBadge(device.badge));
    this.#once("centre", this.#toasts, () => this.#drawCentre());
    const popup = this.#toasts.findLast((toast) => toast.pops_up !== false);
    this.#once("toast", [popup], () => this.#drawToast(popup, quiet));
  }

  #once(part, pictures, draw) {
    // with the time, because a restarted emulator counts from one again
    const wanted = pictures.map((picture) => `${picture?.n} ${picture?.at}`).join("\n");
    if (this.#drawn.get(part) === wanted) return;
    this.#drawn.set(part, wanted);
    draw();
  }

  #drawTiles(picture, badge, quiet) {
    const sizes = picture?.sizes ?? {};
    const tiles = pinned(sizes).map((size) => liveTile(size, sizes[size], badge, picture.n));
    for (const tile of tiles) tile.classList.toggle("fresh", !quiet);
    this.#start.replaceChildren(...tiles);
  }

  #drawBadge(badge) {
    const mark = badgeMark(badge);
    this.#mark.replaceChildren(el("span", { class: "win-app", "aria-hidden": "true" }), ...(mark ? [mark] : []));
  }

  #drawToast(toast, quiet) {
    clearTimeout(this.#settle);
    this.#slot.classList.remove("fresh");
    this.#slot.replaceChildren(toast ? toastCard(toast) : el("span", { class: "no-toast" }, "no toast yet"));
    if (quiet || !toast) return;
    this.#slot.classList.add("fresh");
    this.#settle = setTimeout(() => this.#slot.classList.remove("fresh"), toast.duration === "long" ? LONG_MS : SHORT_MS);
  }

  #drawCentre() {
    markBell(this.#bell, this.#toasts.length);
    if (this.#centre) this.#centre.replaceChildren(...centreOf(this.#toasts));
  }

  #toggleCentre() {
    if (this.#centre) return this.#closeCentre();
    this.#centre = el("ol", { class: "win-centre", "aria-label": "Action centre, newest first", tabindex: "0" });
    this.#centre.addEventListener("click", (event) => event.stopPropagation());
    this.#centre.replaceChildren(...centreOf(this.#toasts));
    this.element.append(this.#centre);
    return this.#bell.setAttribute("aria-expanded", "true");
  }

  #closeCentre() {
    this.#centre?.remove();
    this.#centre = null;
    this.#bell.setAttribute("aria-expanded", "false");
  }

  #onKey(event) {
    if (event.key !== "Escape" || !this.#centre) return;
    event.stopPropagation();
    this.#closeCentre();
    this.#bell.focus();
  }
}
