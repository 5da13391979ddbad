/** The filter above the grid: a text search, a state and a version. */

import { byId, el } from "./dom.js";
import { kindOf } from "./devices.js";

const numeric = new Intl.Collator("en", { numeric: true });

export class Filter {
  #text = byId("filter-text");
  #state = byId("filter-state");
  #version = byId("filter-version");
  /** Keyed by the device's data, which is replaced as a whole: a changed device is indexed anew. @type {WeakMap<any, string>} */
  #index = new WeakMap();

  /** @param {() => void} onChange */
  constructor(onChange) {
    const form = byId("filter");
    form.addEventListener("input", onChange);
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Whether a device is to be shown. */
  matches(device) {
    if (this.#state.value && device.state !== this.#state.value) return false;
    if (this.#version.value && device.version !== this.#version.value) return false;
    const words = this.#text.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return true;
    const text = this.#textOf(device);
    return words.every((word) => text.includes(word));
  }

  #textOf(device) {
    const known = this.#index.get(device);
    if (known !== undefined) return known;
    const own = [device.id, device.name, device.version, device.state, device.service];
    const text = [...own, ...kindOf(device).texts(device)].filter((value) => value !== null).join("\n").toLowerCase();
    this.#index.set(device, text);
    return text;
  }

  /** Offers the states and versions that occur. */
  offer(devices) {
    const all = [...devices.values()];
    offerOptions(this.#state, all.map((device) => device.state));
    offerOptions(this.#version, all.map((device) => device.version));
  }

  clear() {
    for (const input of [this.#text, this.#state, this.#version]) input.value = "";
  }
}

/**
 * Makes a select offer these words, after its first option ("any"). The chosen word stays chosen and on offer.
 * @param {HTMLSelectElement} select
 * @param {unknown[]} words
 * @param {(a: string, b: string) => number} [order]
 */
export function offerOptions(select, words, order = numeric.compare) {
  const chosen = select.value;
  const wanted = new Set(words.filter((word) => word !== null && word !== undefined).map(String));
  if (chosen) wanted.add(chosen);
  const sorted = [...wanted].sort(order);
  const present = [...select.options].slice(1).map((option) => option.value);
  if (sorted.length === present.length && sorted.every((word, at) => word === present[at])) return;
  const options = sorted.map((word) => el("option", { value: word }, word));
  select.replaceChildren(select.options[0], ...options);
  select.value = chosen;
}
