/** The grid of devices: one element for each, kept by id, redrawn only where something changed. */

import { el } from "./dom.js";
import { kindOf } from "./devices.js";

/** Milliseconds per frame for drawing devices; a frame has sixteen. */
const BUDGET_MS = 6;
/** Two screens above and below the visible part: nobody scrolls faster than these are drawn. */
const NEAR = "200% 0px";
/** The first event may take longer, as nothing can stutter yet: long enough for the first screens to appear whole. */
const FIRST_BUDGET_MS = 150;

export class DeviceGrid {
  #list;
  #watcher;
  #near = new IntersectionObserver((found) => {
    for (const each of found) this.#viewOf.get(each.target)?.setNear?.(each.isIntersecting);
  }, { rootMargin: NEAR });
  /** @type {WeakMap<Element, import("./devices.js").DeviceView>} */
  #viewOf = new WeakMap();
  /** @type {Map<string, {item: HTMLElement, view: import("./devices.js").DeviceView}>} */
  #entries = new Map();
  /** Ids of devices whose changes are not drawn yet, and whether they are old news. @type {Map<string, boolean>} */
  #due = new Map();
  #selected = null;

  /**
   * @param {HTMLElement} list
   * @param {{watch: (node: Element) => void, forget: (node: Element) => void}} watcher
   * @param {(id: string, byKeyboard: boolean) => void} onSelect
   */
  constructor(list, watcher, onSelect) {
    this.#list = list;
    this.#watcher = watcher;
    list.addEventListener("click", (event) => {
      const device = event.target.closest("[data-phone]");
      const byKeyboard = event.detail === 0; // a click made with Enter or Space has no count
      if (device && (byKeyboard || !isMarked(device))) onSelect(device.dataset.phone, byKeyboard);
    });
  }

  /**
   * @param {Map<string, any>} devices
   * @param {import("./store.js").Delta} delta
   */
  draw(devices, delta) {
    if (delta.fresh) {
      for (const id of [...this.#entries.keys()]) if (!devices.has(id)) this.#remove(id);
    }
    for (const id of delta.removed) this.#remove(id);
    const [broad, narrow] = [document.createDocumentFragment(), document.createDocumentFragment()];
    for (const id of delta.changed) {
      if (!this.#entries.has(id)) this.#add(devices.get(id), broad, narrow);
      // Everything in the first event is old news, so nothing is animated.
      this.#due.set(id, delta.fresh);
    }
    // Windows devices come first: a hundred phones would fill the first screens.
    this.#list.insertBefore(broad, this.#list.querySelector(".device:not(.broad)"));
    this.#list.append(narrow);
    this.#drawDue(devices, delta.fresh ? FIRST_BUDGET_MS : BUDGET_MS);
  }

  /** Whether changes are left for the next frame. */
  get behind() {
    return this.#due.size > 0;
  }

  /** Draws pending changes, visible ones first, for as long as a frame can spare: a broadcast changes every phone at once. */
  #drawDue(devices, budget) {
    const end = performance.now() + budget;
    const seen = [...this.#due.keys()].filter((id) => this.#entries.get(id).item.classList.contains("on-screen"));
    for (const id of [...seen, ...this.#due.keys()]) {
      const quiet = this.#due.get(id);
      if (!this.#due.delete(id)) continue;
      this.#entries.get(id).view.update(devices.get(id), { quiet });
      if (performance.now() > end) return;
    }
  }

  #add(device, broad, narrow) {
    const view = kindOf(device).createView(device);
    const item = el("li", { class: view.broad ? "device broad" : "device" }, view.element);
    const entry = { item, view };
    this.#entries.set(device.id, entry);
    (view.broad ? broad : narrow).append(item);
    this.#watcher.watch(item);
    this.#viewOf.set(item, view);
    this.#near.observe(item);
    return entry;
  }

  #remove(id) {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#watcher.forget(entry.item);
    this.#near.unobserve(entry.item);
    entry.item.remove();
    this.#entries.delete(id);
    this.#due.delete(id);
  }

  /**
   * Shows the devices that match, and returns how many there are.
   * @param {Map<string, any>} devices
   * @param {(device: any) => boolean} matches
   */
  filter(devices, matches) {
    let shown = 0;
    for (const [id, { item }] of this.#entries) {
      const visible = matches(devices.get(id));
      if (item.hidden === visible) item.hidden = !visible;
      if (visible) shown += 1;
    }
    return shown;
  }

  /**
   * Marks the device whose details are shown.
   * @param {string | null} id
   */
  select(id) {
    this.#mark(this.#selected, false);
    this.#selected = id;
    this.#mark(id, true);
  }

  #mark(id, on) {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.item.classList.toggle("selected", on);
    entry.view.element.querySelector("button")?.setAttribute("aria-pressed", String(on));
  }

  /**
   * Gives keyboard focus back to a device.
   * @param {string} id
   */
  focus(id) {
    this.#entries.get(id)?.view.element.querySelector("button")?.focus();
  }
}

/** Whether text of this device is selected: then the click ended a drag, and doesn't select the device. */
function isMarked(device) {
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && device.contains(selection.anchorNode));
}
