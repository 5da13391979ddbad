/** Windows devices: a screen with the start tiles, the last toast, the task bar with the badge, and the action centre. */

import { el, foreign, listOf, plural, setText } from "./dom.js";
import { accentClass } from "./images.js";
import { badgeMark } from "./win-badge.js";
import { wordsIn } from "./win-content.js";
import { badgePart, windowsFactsPart, windowsRawsPart, windowsTilePart, windowsToastsPart } from "./win-parts.js";
import { liveTile, pinned } from "./win-tile.js";
import { centreOf, markBell, toastCard } from "./win-toast.js";
import { verdictTone } from "./words.js";

/** How long Windows leaves a toast on the screen, short and long. */
const SHORT_MS = 7000;
const LONG_MS = 25_000;

/** @type {import("./devices.js").DeviceKind} */
export const windowsKind = {
  createView: (device) => new WindowsView(device),
  detailParts: () => [windowsFactsPart(), windowsToastsPart(), windowsTilePart(), badgePart(), windowsRawsPart()],
  texts: (device) => wordsIn([device.toasts, device.tile, device.badge, device.raws]),
};

class WindowsView {
  #name = foreign("button", "phone-open", "", { type: "button" });
  #version = foreign("span", "phone-version", "");
  #health = foreign("span", "badge", "");
  #start = el("ul", { class: "win-start", "aria-label": "Tiles" });
  #slot = el("div", { class: "win-slot" });
  #mark = el("span", { class: "win-task" });
  #bell = el("button", { class: "win-bell", type: "button", "aria-expanded": "false" });
  #desk = el("div", { class: "win-desk" });
  #foot = el("p", { class: "phone-foot" });
  #centre = null;
  #toasts = [];
  /** What was drawn last, by part: a part is drawn anew only when its number changes. */
  #drawn = new Map();
  #settle = 0;

  constructor(device) {
    this.broad = !device.is_phone;
    const shape = device.is_phone ? "is-phone" : "is-desktop";
    this.element = el("article", { class: `win ${shape} ${accentClass(device.id)}`, "data-phone": device.id });
    const bar = el("div", { class: "win-bar" }, el("span", { class: "win-begin", "aria-hidden": "true" }), this.#mark, this.#bell);
    this.#desk.append(this.#start, this.#slot, bar);
    this.element.append(
      el("header", { class: "phone-head" }, el("h3", {}, this.#name), this.#version, this.#health),
      el("div", { class: "win-body" }, el("div", { class: "win-screen" }, this.#desk)),
      this.#foot,
    );
    this.#bell.addEventListener("click", (event) => {
      event.stopPropagation(); // a click elsewhere on the device selects it
      this.#toggleCentre();
    });
    this.#desk.addEventListener("keydown", (event) => this.#onKey(event));
  }

  update(device, { quiet }) {
    setText(this.#name, String(device.name ?? device.id));
    setText(this.#version, String(device.version ?? ""));
    this.#version.title = String(device.version ?? "");
    this.#drawHealth(device);
    this.#toasts = listOf(device.toasts);
    this.#once("tile", `${device.tile?.n} ${device.badge?.n}`, () => this.#drawTiles(device.tile, device.badge, quiet));
    this.#once("badge", device.badge?.n, () => this.#drawBadge(device.badge));
    this.#once("centre", this.#toasts.map((toast) => toast.n).join(" "), () => this.#drawCentre());
    const popup = this.#toasts.findLast((toast) => toast.pops_up !== false);
    this.#once("toast", popup?.n, () => this.#drawToast(popup, quiet));
    this.#drawFoot(device);
  }

  #once(part, key, draw) {
    const known = String(key);
    if (this.#drawn.get(part) === known) return;
    this.#drawn.set(part, known);
    draw();
  }

  #drawHealth(device) {
    const word = String(device.health ?? "unknown");
    setText(this.#health, word);
    this.#health.className = `badge tone-${verdictTone(device.outcome)}`;
    this.#health.title = String(device.meaning ?? "");
    this.element.dataset.health = word;
    this.element.classList.toggle("unwell", device.outcome !== "accepted" || word.includes("disconnected"));
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
    this.#slot.replaceChildren(...(toast ? [toastCard(toast)] : []));
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
    this.#desk.append(this.#centre);
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

  #drawFoot(device) {
    const parts = [plural(device.accepted ?? 0, "accepted", "accepted")];
    const sizes = device.tile?.sizes ?? {};
    const hidden = Object.keys(sizes).length - pinned(sizes).length;
    if (hidden > 0) parts.push(`+${plural(hidden, "tile size")}`);
    const raws = listOf(device.raws);
    if (raws.length) parts.push(`last raw ${plural(raws.at(-1).bytes, "byte")}`);
    setText(this.#foot, parts.join(" \u00b7 "));
  }
}
