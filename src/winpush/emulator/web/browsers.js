/** Browsers: name, state, what the page's service worker got, and the notification as Edge hands it to Windows. */

import { clock, el, foreign, listOf, plural, setText } from "./dom.js";
import { accentClass } from "./images.js";
import { browserFactsPart, messagesPart } from "./browser-parts.js";
import { SITE, optionsWords, payloadOf, toastOf } from "./web-notification.js";
import { toastCard } from "./win-toast.js";
import { windowsTone } from "./words.js";

/** How long a notification looks new: about as long as Windows leaves it on the screen. */
const FRESH_MS = 7000;
/** How many messages fit on the page's side; the rest is in the detail panel. */
const SHOWN = 4;

/** @type {import("./devices.js").DeviceKind} */
export const browserKind = {
  createView: (device) => new BrowserView(device),
  detailParts: () => [browserFactsPart(), messagesPart()],
  texts: (device) => listOf(device.messages).flatMap((message) => [message.text, message.topic]),
};

class BrowserView {
  broad = true;
  #name = foreign("button", "phone-open", "", { type: "button" });
  #version = foreign("span", "phone-version", "");
  #state = foreign("span", "badge", "");
  #screen = el("div", { class: "win-screen" });
  #foot = el("p", { class: "phone-foot" });
  /** @type {BrowserDesk | null} */
  #desk = null;
  #device;

  constructor(device) {
    this.#device = device;
    this.element = el("article", { class: `win is-desktop is-browser ${accentClass(device.id)}`, "data-phone": device.id },
      el("header", { class: "phone-head" }, el("h3", {}, this.#name), this.#version, this.#state),
      el("div", { class: "win-body" }, this.#screen),
      this.#foot);
  }

  update(device, { quiet }) {
    this.#device = device;
    setText(this.#name, String(device.name ?? device.id));
    setText(this.#version, String(device.version ?? ""));
    const tone = windowsTone(device);
    setText(this.#state, String(device.state ?? "unknown"));
    this.#state.className = `badge tone-${tone}`;
    this.#state.title = String(device.meaning ?? "");
    this.element.dataset.state = String(device.state);
    this.element.classList.toggle("unwell", tone !== "ok");
    const parts = [plural(device.accepted ?? 0, "accepted", "accepted"), device.queued > 0 && `${device.queued} waiting`];
    setText(this.#foot, parts.filter(Boolean).join(" \u00b7 "));
    this.#desk?.update(device, quiet);
  }

  /**
   * As with Windows screens, those far away are removed.
   * @param {boolean} near
   */
  setNear(near) {
    if (near === Boolean(this.#desk)) return;
    if (!near && this.element.contains(document.activeElement)) return;
    this.#desk = near ? new BrowserDesk() : null;
    this.#desk?.update(this.#device, true);
    this.#screen.replaceChildren(...(this.#desk ? [this.#desk.element] : []));
  }
}

/** A screen with the page's window at the left, and the last notification where Windows shows it. */
class BrowserDesk {
  #events = el("ol", { class: "worker-list", "aria-label": "What the service worker got, newest first" });
  #slot = el("div", { class: "win-slot" });
  #drawn = "";
  #settle = 0;

  constructor() {
    const tab = el("div", { class: "worker-tab" }, el("span", { class: "win-app", "aria-hidden": "true" }), el("span", {}, SITE));
    const page = el("div", { class: "worker-page" }, el("p", { class: "worker-title" }, "Service worker"), this.#events);
    const bar = el("div", { class: "win-bar" }, el("span", { class: "win-begin", "aria-hidden": "true" }),
      el("span", { class: "win-task" }, el("span", { class: "win-app", "aria-hidden": "true" })), el("span", { class: "win-tray" }));
    this.element = el("div", { class: "win-desk browser-desk" }, el("div", { class: "worker" }, tab, page), this.#slot, bar);
  }

  update(device, quiet) {
    const messages = listOf(device.messages);
    const last = messages.at(-1);
    const wanted = `${last?.n} ${last?.at}`;
    if (wanted === this.#drawn) return;
    this.#drawn = wanted;
    this.#events.replaceChildren(...messages.slice(-SHOWN).reverse().map(eventOf));
    if (!last) this.#events.append(el("li", { class: "worker-none" }, "no message yet"));
    this.#drawSlot(device, last, quiet);
  }

  #drawSlot(device, message, quiet) {
    clearTimeout(this.#settle);
    this.#slot.classList.toggle("fresh", Boolean(message?.notification) && !quiet);
    if (message?.notification) {
      this.#slot.replaceChildren(toastCard(toastOf(message, device.browser)));
      this.#settle = setTimeout(() => this.#slot.classList.remove("fresh"), FRESH_MS);
      return;
    }
    const words = message ? "the service worker decides what to show" : "no notification yet";
    this.#slot.replaceChildren(el("span", { class: "no-toast" }, words));
  }
}

function eventOf(message) {
  return el("li", { class: "worker-entry", "data-message": message.n },
    el("span", { class: "worker-meta" }, clock(message.at), foreign("span", "", optionsWords(message))), payloadOf(message));
}
