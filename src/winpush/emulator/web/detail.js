/** The frame of the panel about one device. The device's kind decides what is in it. */

import { controlsPart } from "./controls.js";
import { byId, el, foreign, setText } from "./dom.js";
import { kindOf } from "./devices.js";
import { accentClass } from "./images.js";

/**
 * @typedef {object} DetailPart
 * @property {HTMLElement} element
 * @property {(device: any) => void} update
 */

export class DetailPanel {
  #panel = byId("detail");
  #title = foreign("h2", "", "", { id: "detail-title", tabindex: "-1" });
  #body = el("div", { class: "detail-body", tabindex: "0", role: "group", "aria-label": "About this device" });
  /** @type {DetailPart[]} */
  #parts = [];
  #shown = null;

  /** @param {() => void} onClose */
  constructor(onClose) {
    const close = el("button", { class: "button", type: "button" }, "Close");
    close.addEventListener("click", onClose);
    this.#panel.append(el("div", { class: "panel-head" }, this.#title, close), this.#body);
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") onClose();
    });
  }

  /**
   * Shows a device, or what has changed about it.
   * @param {any} device
   */
  show(device) {
    setText(this.#title, String(device.name ?? device.id));
    if (this.#shown !== device.id) this.#begin(device);
    for (const part of this.#parts) part.update(device);
  }

  #begin(device) {
    this.#shown = device.id;
    const [facts, ...rest] = kindOf(device).detailParts();
    this.#parts = [facts, controlsPart(), ...rest];
    this.#body.replaceChildren(...this.#parts.map((part) => part.element));
    this.#body.className = `detail-body ${accentClass(device.id)}`;
    this.#body.scrollTop = 0;
    this.#panel.dataset.detail = device.id;
    this.#panel.hidden = false;
  }

  /** Takes keyboard users to the panel that they have opened. */
  focus() {
    this.#title.focus();
  }

  hide() {
    this.#shown = null;
    this.#parts = [];
    this.#body.replaceChildren();
    this.#panel.hidden = true;
  }
}
