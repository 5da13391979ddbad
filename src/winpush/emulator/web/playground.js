/** The playground: while you edit a document, every kind of device shows what it makes of it. Nothing is sent. */

import { call, optionsOf } from "./api.js";
import { linked } from "./citations.js";
import { append, byId, el, foreign, listOf, numeral, setText } from "./dom.js";
import { kindOf } from "./devices.js";
import { Outcome, button, dialog, labelled, select } from "./forms.js";
import { accentClass } from "./images.js";
import { verdictTone } from "./words.js";

/** A pause in typing: not every keystroke asks the emulator. */
const PAUSE_MS = 200;
const NOTE_GAP = 4;

const SERVICES = new Map([["wns", "WNS"], ["mpns", "MPNS"]]);

/**
 * Connects the button of the header.
 * @param {import("./store.js").Store} store the devices that a document can be sent to
 */
export function setUpPlayground(store) {
  /** @type {Playground | null} */
  let made = null;
  byId("open-playground").addEventListener("click", () => {
    made ??= new Playground(store);
    made.open();
  });
}

class Playground {
  #example = select([["", "choose an example"]], { id: "playground-example" });
  #text = /** @type {any} */ (el("textarea", {
    id: "playground-text", class: "sheet-text", spellcheck: "false", autocomplete: "off", autocapitalize: "off", wrap: "off",
    "aria-label": "The XML document", placeholder: "Paste an XML document here, or choose an example.",
  }));
  #gutter = el("ol", { class: "sheet-gutter", "aria-hidden": "true" });
  #notes = el("ol", { class: "sheet-notes", "aria-label": "Remarks" });
  #summary = el("p", { class: "playground-summary", role: "status" });
  #devices = el("ul", { class: "playground-devices", "aria-label": "What devices show" });
  #target = select([], { id: "playground-target", "aria-label": "Send to" });
  #send = button("Send", () => this.#outcome.follow(() => this.#sendNow()), { disabled: true });
  #outcome = new Outcome();
  #timer = 0;
  #asked = 0;
  /** @type {any} */
  #answer = null;
  /** @type {any[]} */
  #examples = [];
  #dialog;

  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    const sheet = el("div", { class: "sheet" }, this.#gutter, this.#text, this.#notes);
    const head = el("div", { class: "playground-bar" }, labelled("Example", this.#example), this.#summary);
    const foot = el("div", { class: "playground-bar" }, labelled("Send to", this.#target), this.#send, this.#outcome.element);
    this.#dialog = dialog("playground", "Playground", el("div", { class: "playground-body" },
      el("div", { class: "playground-edit" }, head, sheet, foot), this.#devices));
    this.#example.addEventListener("change", () => this.#take(this.#example.value));
    this.#text.addEventListener("input", () => this.#changed());
    this.#target.addEventListener("focus", () => this.#offerTargets());
    new ResizeObserver(() => this.#placeNotes()).observe(this.#notes);
    this.#outcome.follow(() => this.#offerExamples());
  }

  open() {
    this.#dialog.showModal();
    this.#offerTargets();
    this.#text.focus();
  }

  async #offerExamples() {
    this.#examples = (await optionsOf()).examples;
    this.#example.append(...this.#examples.map((each, at) => el("option", { value: at }, each.name)));
    if (this.#text.value) return;
    this.#example.value = "0";
    this.#take("0");
  }

  #take(at) {
    const example = this.#examples[Number(at)];
    if (at === "" || !example) return;
    this.#text.value = example.document;
    this.#ask();
  }

  #changed() {
    this.#number();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  /** Answers may overtake each other: only the answer to the last question counts. */
  #ask() {
    const question = ++this.#asked;
    this.#number();
    this.#outcome.follow(async () => {
      const answer = await call("POST", "/api/preview", { document: this.#text.value });
      if (question !== this.#asked) return;
      this.#answer = answer;
      this.#outcome.say("");
      this.#drawSummary(answer);
      this.#drawNotes(answer);
      this.#drawDevices(answer);
      this.#offerTargets();
    });
  }

  /** Lines are numbered as the text area shows them; it is as high as its text, so that all scrolls together. */
  #number() {
    const lines = this.#text.value.split("\n").length;
    if (this.#gutter.childElementCount !== lines) {
      this.#gutter.replaceChildren(...Array.from({ length: lines }, (_, at) => el("li", {}, at + 1)));
    }
    this.#text.rows = lines;
  }

  #drawSummary(answer) {
    const size = answer.limit ? `${numeral(answer.size)} of ${numeral(answer.limit)} bytes` : `${numeral(answer.size)} bytes`;
    const what = answer.kind ? `${SERVICES.get(answer.service)} ${answer.kind}` : "No notification";
    setText(this.#summary, `${what}, ${size}`);
  }

  #drawNotes(answer) {
    const remarks = listOf(answer.remarks);
    const all = listOf(answer.devices).length;
    this.#notes.replaceChildren(...remarks.map((remark) => noteOf(remark, all, () => this.#goTo(remark.line))));
    const worst = new Map();
    for (const remark of remarks) if (worst.get(remark.line) !== "lost") worst.set(remark.line, remark.severity);
    [...this.#gutter.children].forEach((node, at) => {
      node.className = worst.has(at + 1) ? `marked severity-${worst.get(at + 1) === "note" ? "note" : "ignored"}` : "";
    });
    this.#placeNotes();
  }

  /** Each note at the height of its line, or right below the note before it. */
  #placeNotes() {
    const first = this.#gutter.firstElementChild;
    if (!first || getComputedStyle(this.#notes).position !== "relative") return;
    const line = first.getBoundingClientRect().height;
    let end = 0;
    for (const note of this.#notes.children) {
      const top = Math.max((Number(note.dataset.line) - 1) * line, end);
      note.style.setProperty("top", `${top}px`);
      end = top + note.offsetHeight + NOTE_GAP;
    }
    this.#notes.style.setProperty("min-height", `${end}px`);
  }

  #goTo(line) {
    const lines = this.#text.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    this.#text.focus();
    this.#text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  }

  #drawDevices(answer) {
    const devices = listOf(answer.devices);
    this.#devices.replaceChildren(...devices.map(deviceItem));
    if (!devices.length) append(this.#devices, [foreign("li", "quiet", answer.error ?? "Nothing to show yet.")]);
  }

  #offerTargets() {
    const chosen = this.#target.value;
    const service = this.#answer?.service;
    const fitting = [...this.store.devices.values()].filter((device) => device.service === service);
    this.#target.replaceChildren(...fitting.map((device) => el("option", { value: device.id }, `${device.name} (${device.state})`)));
    if (fitting.some((device) => device.id === chosen)) this.#target.value = chosen;
    if (!fitting.length) this.#target.append(el("option", { value: "" }, "no device for this service"));
    this.#send.disabled = !fitting.length || !this.#answer?.kind;
  }

  async #sendNow() {
    const record = await call("POST", `/api/channels/${this.#target.value}/send`, { kind: this.#answer.kind, document: this.#text.value });
    this.#outcome.say(`${record.status} ${record.verdict}: ${record.reason}`, verdictTone(record.verdict, record.status));
  }
}

/** A remark next to its line. Names the devices that make it only if others don't. */
function noteOf(remark, all, onClick) {
  const severity = remark.severity === "note" ? "note" : "ignored";
  const place = String(remark.path ?? "").split("@")[1];
  const devices = listOf(remark.devices);
  const source = remark.doubt ? `${remark.source}; doubtful: ${remark.doubt}` : remark.source;
  const go = button(`Line ${remark.line}`, onClick, { class: "note-line" });
  return el("li", { class: `sheet-note severity-${severity}`, "data-line": remark.line }, go,
    place && foreign("code", "remark-place", `${place}: `),
    foreign("span", "", remark.message),
    devices.length > 0 && devices.length < all && foreign("span", "note-devices", ` ${devices.join(", ")}.`),
    source && el("cite", { class: "remark-source" }, " ", ...linked(source)));
}

/** A device of the answer, drawn as in the grid. */
function deviceItem(device) {
  const view = kindOf(device).createView(device);
  view.setNear?.(true);
  view.update(device, { quiet: true });
  for (const node of view.element.querySelectorAll(".phone-open, .toast, .start")) node.setAttribute("tabindex", "-1");
  return el("li", { class: `playground-device on-screen ${view.broad ? "broad" : ""} ${accentClass(device.id)}`, "data-shown": String(device.is_shown) },
    !device.is_shown && el("p", { class: "shows-nothing" }, "Shows none of it."), view.element);
}
