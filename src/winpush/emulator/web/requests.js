/** The last requests, newest on top: what was asked, what was answered, and why. */

import { linked } from "./citations.js";
import { append, byId, clock, el, foreign, listOf, plural, setText } from "./dom.js";
import { offerOptions } from "./filter.js";
import { deviceVerdict, otherRemarks } from "./verdict.js";
import { byTone, verdictTone } from "./words.js";

/** Rows in the list. The store keeps more, so that a filter finds older ones. */
const MAX_ROWS = 200;

const GATHER_MS = 250;

/** The heading of remarks if no device has judged. */
const REMARKS = new Map([["webpush", "Remarks"]]);

export class RequestLog {
  #list = byId("request-list");
  #empty = byId("log-empty");
  #pause = byId("log-pause");
  #verdict = byId("log-verdict");
  #chip = byId("log-phone");
  #news = byId("log-new");
  #unseen = 0;
  /** @type {string | null} */
  #device = null;
  #paused = false;
  #waiting = 0;
  /** New records, oldest first, that are not in the list yet. @type {any[]} */
  #queue = [];
  #timer = 0;
  /** Numbers of opened rows: they stay open when the list is redrawn. */
  #open = new Set();
  /** Records behind the rows, so that a row's inside is made only when it is opened. @type {WeakMap<Element, any>} */
  #recordOf = new WeakMap();

  /**
   * @param {import("./store.js").Store} store
   * @param {{onDevice: (id: string) => void, onAll: () => void}} handlers
   */
  constructor(store, handlers) {
    this.store = store;
    this.handlers = handlers;
    this.#chip.addEventListener("click", handlers.onAll);
    this.#verdict.addEventListener("change", () => this.redraw());
    this.#pause.addEventListener("click", () => this.#togglePause());
    this.#news.addEventListener("click", () => this.#list.scrollTo({ top: 0 }));
    this.#list.addEventListener("scroll", () => this.#list.scrollTop < 1 && this.#drawNews(0));
    this.#list.addEventListener("toggle", (event) => this.#onToggle(event.target), true);
  }

  /**
   * Puts new requests on top.
   * @param {import("./store.js").Delta} delta
   */
  draw(delta) {
    offerOptions(this.#verdict, this.store.records.map((record) => record.verdict), byTone);
    if (delta.fresh) {
      this.#open.clear();
      return this.redraw();
    }
    this.#queue = [...this.#queue, ...delta.records].slice(-MAX_ROWS);
    if (!this.#timer && this.#queue.length) this.#flush();
    return undefined;
  }

  /** The first request of a burst shows at once; the ones that follow are added together, a few times a second. */
  #flush() {
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#queue.length) this.#flush();
    }, GATHER_MS);
    const records = this.#queue.filter((record) => this.#matches(record));
    this.#queue = [];
    if (records.length) this.#put(records);
  }

  #put(records) {
    if (this.#paused) {
      this.#waiting += records.length;
      return this.#drawPause();
    }
    if (this.#waiting) return this.redraw(); // rows were held back: the newest alone would leave a gap
    this.#prepend(records.reverse().map((record) => this.#row(record)));
    while (this.#list.childElementCount > MAX_ROWS) this.#list.lastElementChild.remove();
    this.#empty.hidden = true;
    this.#list.hidden = false;
    return undefined;
  }

  /** Rows that run away can be neither clicked nor read: the rows in view stay where they are while the list grows. */
  #prepend(rows) {
    const list = this.#list;
    const isRead = this.#open.size > 0 || list.scrollTop > 0 || list.matches(":hover");
    const isHeld = isRead && getComputedStyle(list).overflowY === "auto";
    if (isHeld) this.#leaveTop();
    list.prepend(...rows);
    if (isHeld) this.#drawNews(this.#unseen + rows.length);
  }

  /** A browser keeps the rows in view in place (scroll anchoring), but not at the very top of a list. */
  #leaveTop() {
    const list = this.#list;
    const missing = list.clientHeight + 1 - list.scrollHeight;
    const short = list.clientHeight - list.lastElementChild.getBoundingClientRect().bottom + list.getBoundingClientRect().top;
    if (missing > 0) list.style.setProperty("padding-bottom", `${Math.max(short, 0) + 2}px`);
    if (list.scrollTop < 1) list.scrollTop = 1;
  }

  #drawNews(unseen) {
    this.#unseen = unseen;
    this.#news.hidden = unseen === 0;
    setText(this.#news, `\u2191 ${unseen} new`);
    if (unseen === 0) this.#list.style.removeProperty("padding-bottom");
  }

  /** Draws the whole list: for another filter, or after a pause. */
  redraw() {
    const records = this.store.records.filter((record) => this.#matches(record)).slice(-MAX_ROWS).reverse();
    const numbers = new Set(records.map((record) => record.n));
    for (const n of this.#open) if (!numbers.has(n)) this.#open.delete(n);
    this.#queue = [];
    this.#waiting = 0;
    this.#drawPause();
    this.#drawNews(0);
    this.#list.replaceChildren(...records.map((record) => this.#row(record)));
    this.#empty.hidden = records.length > 0;
    this.#list.hidden = !records.length;
    setText(this.#empty, this.#device || this.#verdict.value ? "None of the last requests match." : "No requests yet.");
  }

  /**
   * Limits the list to one device, or to none.
   * @param {string | null} id
   */
  showDevice(id) {
    if (id === this.#device) return;
    this.#device = id;
    this.#chip.hidden = !id;
    if (id) {
      this.#chip.replaceChildren("only", foreign("bdi", "", this.#nameOf(id)), el("span", { "aria-hidden": "true" }, "×"));
      this.#chip.title = "Show the requests to all devices";
    }
    this.redraw();
  }

  #matches(record) {
    if (this.#device && record.phone !== this.#device) return false;
    return !this.#verdict.value || record.verdict === this.#verdict.value;
  }

  #togglePause() {
    this.#paused = !this.#paused;
    if (this.#paused) this.#drawPause();
    else this.redraw();
  }

  #drawPause() {
    this.#pause.setAttribute("aria-pressed", String(this.#paused));
    setText(this.#pause, this.#paused ? `Resume${this.#waiting ? ` (${this.#waiting} new)` : ""}` : "Pause");
  }

  #nameOf(id) {
    return String(this.store.devices.get(id)?.name ?? id);
  }

  #row(record) {
    const tone = verdictTone(record.verdict, record.status);
    const name = record.phone
      ? foreign("bdi", "request-phone", this.#nameOf(record.phone))
      : el("span", { class: "request-phone none" }, "no device");
    const summary = el("summary", {},
      clock(record.at), name,
      foreign("span", "request-kind", record.kind ?? record.method ?? "–"),
      el("span", { class: "request-status" }, record.status ?? "–"),
      foreign("span", `verdict tone-${tone}`, record.verdict ?? "–"),
      foreign("span", "request-reason", record.reason ?? ""));
    const hooks = { "data-request": record.n, "data-for": record.phone, "data-verdict": record.verdict };
    const details = el("details", { class: "request", ...hooks }, summary);
    const remarks = listOf(record.remarks).length;
    append(summary, [
      record.fault && foreign("span", "fault", `fault: ${record.fault}`),
      remarks > 0 && el("span", { class: "remark-mark", title: "What the device says about it" }, plural(remarks, "remark")),
    ]);
    this.#recordOf.set(details, record);
    if (this.#open.has(record.n)) details.open = true;
    return el("li", {}, details);
  }

  #onToggle(details) {
    const record = this.#recordOf.get(details);
    if (!record) return;
    if (!details.open) {
      this.#open.delete(record.n);
      return;
    }
    this.#open.add(record.n);
    if (details.childElementCount === 1) details.append(requestBody(record, () => this.handlers.onDevice(record.phone)));
  }
}

/** The inside of an opened row: the service's verdict, the device's, and what they judged. */
function requestBody(record, onDevice) {
  const body = el("div", { class: "request-body" });
  append(body, [...serviceVerdict(record), ...whatShows(record), ...whatCame(record)]);
  if (record.phone) body.append(deviceLink(onDevice));
  return body;
}

function serviceVerdict(record) {
  const headers = Object.entries(record.answer ?? {}).flatMap(([name, value]) => [foreign("dt", "", name), foreign("dd", "", value)]);
  return [
    el("h3", {}, "The service's answer"),
    el("p", { class: "status-line" }, `${record.status ?? "no status"}${record.fault ? `, fault: ${record.fault}` : ""}`),
    headers.length > 0 && el("dl", { class: "headers" }, ...headers),
    record.source && el("cite", { class: "answer-source" }, ...linked(record.source)),
  ];
}

function whatShows(record) {
  const verdict = deviceVerdict(record);
  const remarks = otherRemarks(record).map((remark) => el("li", { dir: "auto" }, ...linked(remark)));
  return [
    (verdict || remarks.length > 0) && el("h3", {}, verdict ? "What the device shows" : REMARKS.get(record.service) ?? "What a phone would not show"),
    remarks.length > 0 && el("ul", { class: "remarks" }, ...remarks),
    verdict,
  ];
}

function whatCame(record) {
  const headers = listOf(record.headers).flatMap(([name, value]) => [foreign("dt", "", name), foreign("dd", "", value)]);
  return [
    el("h3", {}, "Request"),
    el("p", { class: "status-line" }, foreign("span", "", `${record.method ?? ""} ${record.path ?? ""}`), `, body of ${plural(record.size, "byte")}`),
    headers.length > 0 && el("dl", { class: "headers" }, ...headers),
    record.body && record.service === "webpush" && el("h3", {}, "Payload"),
    record.body && el("pre", { tabindex: "0", role: "group", "aria-label": "Beginning of the body" },
      foreign("code", "", record.body, { dir: "ltr" })),
  ];
}

function deviceLink(onDevice) {
  const button = el("button", { class: "button", type: "button" }, "Show this device");
  button.addEventListener("click", onDevice);
  return button;
}
