/** Windows Phones: a small screen with the last toast and the tiles of the start screen. */

import { el, foreign, listOf, plural, setText } from "./dom.js";
import { accentClass } from "./images.js";
import { factsPart, rawsPart, tilesPart, toastsPart } from "./parts.js";
import { isWide, startTile } from "./tiles.js";
import { fillBanner, toastEntry } from "./toasts.js";
import { stateOf } from "./words.js";

/** A four-column start screen has room for four medium tiles; a wide one takes the space of two. */
const ROOM = 4;
/** Microsoft's documents: a toast is on the screen for about ten seconds. */
const FRESH_MS = 10_000;

/** @type {import("./devices.js").DeviceKind} */
export const phoneKind = {
  createView: (phone) => new PhoneView(phone),
  detailParts: () => [factsPart(), toastsPart(), tilesPart(), rawsPart()],
  texts: (phone) => [
    ...listOf(phone.tiles).flatMap((tile) => [tile.id, tile.template, ...Object.values(tile.fields ?? {}).flat()]),
    ...listOf(phone.toasts).flatMap((toast) => [toast.text1, toast.text2, toast.param]),
    ...listOf(phone.raws).map((raw) => raw.preview),
  ],
};

class PhoneView {
  #name = foreign("button", "phone-open", "", { type: "button" });
  #version = foreign("span", "phone-version", "");
  #badge = foreign("span", "badge", "");
  #banner = el("button", { class: "toast", type: "button", "aria-expanded": "false" });
  #quiet = el("span", { class: "no-toast" }, "no toast yet");
  #slot = el("div", { class: "toast-slot" }, this.#quiet);
  #start = el("ul", { class: "start", "aria-label": "Tiles" });
  #screen = el("div", { class: "screen" });
  #foot = el("p", { class: "phone-foot" });
  #shade = null;
  #drawn = new Map();
  /** @type {number | undefined} */
  #lastToast;
  #toasts = [];
  #settle = 0;

  constructor(phone) {
    this.element = el("article", { class: `phone ${accentClass(phone.id)}`, "data-phone": phone.id });
    this.#screen.append(this.#slot, this.#start);
    this.element.append(
      el("header", { class: "phone-head" }, el("h3", {}, this.#name), this.#version, this.#badge),
      el("div", { class: "body" }, this.#screen, el("div", { class: "keys", "aria-hidden": "true" })),
      this.#foot,
    );
    this.#banner.addEventListener("click", (event) => {
      event.stopPropagation(); // a click elsewhere on the phone selects it; this one opens its earlier toasts
      this.#toggleShade();
    });
    this.#screen.addEventListener("keydown", (event) => this.#onKey(event));
  }

  update(phone, { quiet }) {
    setText(this.#name, String(phone.name ?? phone.id));
    setText(this.#version, String(phone.version ?? ""));
    this.#version.title = `Windows Phone ${phone.version ?? ""}`;
    this.#drawState(phone);
    this.#drawTiles(listOf(phone.tiles), quiet);
    this.#drawToasts(listOf(phone.toasts), quiet);
    this.#drawFoot(phone);
  }

  #drawState(phone) {
    const state = stateOf(phone.state);
    setText(this.#badge, state.word);
    this.#badge.className = `badge tone-${state.tone}`;
    this.#badge.title = state.note;
    this.element.dataset.state = state.word;
    this.element.classList.toggle("unwell", !state.well);
  }

  /** Tiles keep their element while they stay the same, so that a toast does not disturb a tile that is turning. */
  #drawTiles(tiles, quiet) {
    const next = new Map();
    for (const tile of fitting(tiles)) {
      const key = JSON.stringify(tile);
      next.set(key, this.#drawn.get(key) ?? freshTile(tile, quiet));
    }
    const same = next.size === this.#drawn.size && [...next.keys()].every((key) => this.#drawn.has(key));
    this.#drawn = next;
    if (!same) this.#start.replaceChildren(...next.values());
  }

  #drawToasts(toasts, quiet) {
    const last = toasts.at(-1);
    this.#toasts = toasts;
    if (last?.n === this.#lastToast) return;
    this.#lastToast = last?.n;
    this.#slot.replaceChildren(last ? this.#banner : this.#quiet);
    if (!last) return void this.#closeShade();
    fillBanner(this.#banner, last);
    if (this.#shade) this.#fillShade();
    this.#dropIn(quiet);
  }

  #dropIn(quiet) {
    clearTimeout(this.#settle);
    this.#banner.classList.remove("fresh");
    if (quiet) return;
    // Two names for one animation: changing the name restarts it without forcing a layout in between.
    this.#banner.dataset.drop = this.#banner.dataset.drop === "a" ? "b" : "a";
    this.#banner.classList.add("fresh");
    this.#settle = setTimeout(() => this.#banner.classList.remove("fresh"), FRESH_MS);
  }

  #drawFoot(phone) {
    const parts = [plural(phone.accepted ?? 0, "accepted", "accepted")];
    const more = listOf(phone.tiles).length - this.#drawn.size;
    if (more > 0) parts.push(`+${plural(more, "tile")}`);
    const raws = listOf(phone.raws);
    if (raws.length) parts.push(`last raw ${plural(raws.at(-1).size, "byte")}`);
    setText(this.#foot, parts.join(" · "));
  }

  #toggleShade() {
    if (this.#shade) return this.#closeShade();
    this.#shade = el("ol", { class: "shade", "aria-label": "Toasts, newest first", tabindex: "0" });
    this.#shade.addEventListener("click", (event) => event.stopPropagation());
    this.#fillShade();
    this.#screen.append(this.#shade);
    this.#banner.setAttribute("aria-expanded", "true");
  }

  #fillShade() {
    this.#shade.replaceChildren(...[...this.#toasts].reverse().map(toastEntry));
  }

  #closeShade() {
    this.#shade?.remove();
    this.#shade = null;
    this.#banner.setAttribute("aria-expanded", "false");
  }

  #onKey(event) {
    if (event.key !== "Escape" || !this.#shade) return;
    event.stopPropagation();
    this.#closeShade();
    this.#banner.focus();
  }
}

/** As many tiles as the screen has room for, in order; the rest is in the detail panel. */
function fitting(tiles) {
  let room = ROOM;
  return tiles.filter((tile) => {
    const need = isWide(tile) ? 2 : 1;
    if (need > room) return false;
    room -= need;
    return true;
  });
}

function freshTile(tile, quiet) {
  const node = startTile(tile);
  if (!quiet) node.classList.add("fresh");
  return node;
}
