/** Windows devices: name, state and screen. A screen exists only while it is in view or could soon be. */

import { el, foreign, listOf, plural, setText } from "./dom.js";
import { accentClass } from "./images.js";
import { WindowsDesk } from "./win-desk.js";
import { wordsIn } from "./win-content.js";
import { badgePart, windowsFactsPart, windowsRawsPart, windowsTilePart, windowsToastsPart } from "./win-parts.js";
import { pinned } from "./win-tile.js";
import { windowsTone } from "./words.js";

/** @type {import("./devices.js").DeviceKind} */
export const windowsKind = {
  createView: (device) => new WindowsView(device),
  detailParts: () => [windowsFactsPart(), windowsToastsPart(), windowsTilePart(), badgePart(), windowsRawsPart()],
  texts: (device) => wordsIn([device.toasts, device.tile, device.badge, device.raws]),
};

class WindowsView {
  #name = foreign("button", "phone-open", "", { type: "button" });
  #version = foreign("span", "phone-version", "");
  #state = foreign("span", "badge", "");
  #screen = el("div", { class: "win-screen" });
  #foot = el("p", { class: "phone-foot" });
  /** @type {WindowsDesk | null} */
  #desk = null;
  #device;

  constructor(device) {
    this.broad = !device.is_phone;
    this.#device = device;
    const shape = device.is_phone ? "is-phone" : "is-desktop";
    this.element = el("article", { class: `win ${shape} ${accentClass(device.id)}`, "data-phone": device.id },
      el("header", { class: "phone-head" }, el("h3", {}, this.#name), this.#version, this.#state),
      el("div", { class: "win-body" }, this.#screen),
      this.#foot);
  }

  update(device, { quiet }) {
    this.#device = device;
    setText(this.#name, String(device.name ?? device.id));
    setText(this.#version, String(device.version ?? "").replace("Windows Phone", "Phone"));
    this.#version.title = String(device.version ?? "");
    this.#drawState(device);
    this.#drawFoot(device);
    this.#desk?.update(device, quiet);
  }

  /**
   * A thousand screens are a hundred thousand elements, and each change of the filter would lay them all out, so those
   * far away are removed.
   * @param {boolean} near
   */
  setNear(near) {
    if (near === Boolean(this.#desk)) return;
    if (!near && this.element.contains(document.activeElement)) return;
    this.#desk = near ? new WindowsDesk() : null;
    this.#desk?.update(this.#device, true);
    this.#screen.replaceChildren(...(this.#desk ? [this.#desk.element] : []));
  }

  #drawState(device) {
    const word = String(device.state ?? "unknown");
    setText(this.#state, word);
    const tone = windowsTone(device);
    this.#state.className = `badge tone-${tone}`;
    this.#state.title = String(device.meaning ?? "");
    this.element.dataset.state = word;
    this.element.classList.toggle("unwell", tone !== "ok");
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
