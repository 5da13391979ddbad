/** The page of the local push service: puts its parts together and draws what the stream of events says. */

import { byId, el, numeral, setText } from "./dom.js";
import { setUpControls } from "./controls.js";
import { DetailPanel } from "./detail.js";
import { Filter } from "./filter.js";
import { DeviceGrid } from "./grid.js";
import { createWatcher, startClock, turnUnderPointer } from "./motion.js";
import { setUpPlayground } from "./playground.js";
import { RequestLog } from "./requests.js";
import { Store } from "./store.js";
import { listen } from "./stream.js";
import { byTone, verdictTone } from "./words.js";

const store = new Store();
const filter = new Filter(() => drawFilter());
const grid = new DeviceGrid(byId("devices"), createWatcher(), select);
const log = new RequestLog(store, { onDevice: (id) => id !== selected && select(id, false), onAll: () => select(null, false) });
const detail = new DetailPanel(() => select(null, true));

/** @type {string | null} */
let selected = null;
let scheduled = false;
let known = false;

/**
 * Shows one device's details and requests, or (null) all requests again.
 * @param {string | null} id
 * @param {boolean} byKeyboard
 */
function select(id, byKeyboard) {
  const before = selected;
  selected = id !== null && id !== before && store.devices.has(id) ? id : null;
  grid.select(selected);
  log.showDevice(selected);
  if (selected === null) {
    detail.hide();
    if (byKeyboard && before !== null) grid.focus(before);
    return;
  }
  detail.show(store.devices.get(selected));
  if (byKeyboard) detail.focus();
}

/** Draws at most once per frame, however many events arrive; a hidden tab draws nothing until it is visible again. */
function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(draw);
}

function draw() {
  scheduled = false;
  const delta = store.takeDelta();
  grid.draw(store.devices, delta);
  filter.offer(store.devices);
  drawFilter();
  drawCounters();
  log.draw(delta);
  if (grid.behind) schedule();
  if (selected === null) return;
  const device = store.devices.get(selected);
  if (!device) select(null, false);
  else if (delta.changed.has(selected)) detail.show(device);
}

function drawFilter() {
  const total = store.devices.size;
  const shown = grid.filter(store.devices, (device) => filter.matches(device));
  setText(byId("tally"), shown === total ? `${total}` : `${shown} of ${total}`);
  byId("empty").hidden = !known || total > 0;
  byId("no-match").hidden = total === 0 || shown > 0;
}

/** Counters keep their elements while their words stay the same: ten times a second, only numbers change. */
function drawCounters() {
  const list = byId("counters");
  const words = Object.keys(store.counters).sort(byTone);
  if (list.dataset.words !== words.join(" ")) {
    list.dataset.words = words.join(" ");
    list.replaceChildren(...words.map((word) => el("li", { class: `counter tone-${verdictTone(word)}` }, el("b", {}, "0"), ` ${word}`)));
  }
  words.forEach((word, at) => setText(list.children[at].firstChild, numeral(store.counters[word])));
}

function drawLink(up) {
  const mark = byId("connection");
  mark.dataset.state = up ? "up" : "down";
  setText(mark, up ? "Connected" : "Not connected, trying again");
}

/** Elements that stick below the header need its height, which grows with the number of verdicts. */
function measureHeader() {
  const header = document.querySelector(".masthead");
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--head", `${header.offsetHeight}px`);
  }).observe(header);
}

setUpControls(store);
setUpPlayground(store);
measureHeader();
for (const node of document.querySelectorAll("[data-origin]")) node.textContent = location.origin;
byId("clear-filter").addEventListener("click", () => {
  filter.clear();
  drawFilter();
});
startClock();
turnUnderPointer(byId("devices"));
listen("/api/events", {
  onLink: drawLink,
  onState(state) {
    known = true;
    store.replace(state);
    schedule();
  },
  onChanges(changes) {
    store.merge(changes);
    schedule();
  },
});
