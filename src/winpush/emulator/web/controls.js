/** What the page can change: add devices, set faults, send a test to a device, set its state, remove it. */

import { call, optionsOf } from "./api.js";
import { byId, el, foreign, listOf } from "./dom.js";
import { Outcome, button, dialog, form, labelled, select } from "./forms.js";
import { verdictTone } from "./words.js";

const MAX_OFFERED = 200;

/** What a new device can be, and what the API calls it. */
const WINDOWS = [
  ["windows", "Windows 10 or 11", { service: "wns" }],
  ["wns-phone", "Windows Phone 8.1 with WNS", { service: "wns", phone: true }],
];

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/**
 * Connects the buttons of the header.
 * @param {import("./store.js").Store} store the devices that a fault can apply to
 */
export function setUpControls(store) {
  const add = lazily(addDevice);
  const faults = lazily(() => faultsDialog(store));
  byId("add-device").addEventListener("click", add);
  byId("set-fault").addEventListener("click", faults);
  for (const node of document.querySelectorAll("[data-opens=add-device]")) node.addEventListener("click", add);
}

/** @param {() => {open: () => void}} make */
function lazily(make) {
  /** @type {{open: () => void} | null} */
  let made = null;
  return () => {
    made ??= make();
    made.open();
  };
}

// --- a new device -----------------------------------------------------------------------------------------------

function addDevice() {
  const kind = select([], { name: "kind" });
  const state = select([], { name: "state" });
  const name = el("input", { name: "name", autocomplete: "off", placeholder: "such as Ada's phone" });
  const app = el("input", { name: "app", autocomplete: "off", maxlength: "64", placeholder: "the emulator's own" });
  const owner = labelled("App", app);
  const outcome = new Outcome();
  /** @type {Map<string, any>} */
  const kinds = new Map();

  async function add() {
    const asked = { ...kinds.get(kind.value), state: state.value };
    if (name.value.trim()) asked.name = name.value.trim();
    if (app.value.trim() && asked.service === "wns") asked.app = app.value.trim();
    const [device] = await call("POST", "/api/channels", asked);
    outcome.say(`Added ${device.name}.`, "ok");
    name.value = "";
  }

  function offerStates(options) {
    const chosen = state.value;
    const words = options[kinds.get(kind.value)?.service ?? "wns"].states;
    state.replaceChildren(...words.map((word) => el("option", {}, word)));
    state.value = words.includes(chosen) ? chosen : "healthy";
    owner.hidden = kinds.get(kind.value)?.service !== "wns";
  }

  async function fill() {
    const options = await optionsOf();
    const phones = [...options.mpns.versions].reverse().map((version) => [version, `Windows Phone ${version} with MPNS`, { service: "mpns", version }]);
    const browsers = options.webpush.browsers.map((browser) => [browser, `${capital(browser)} with Web Push`, { service: "webpush", browser }]);
    for (const [value, text, asked] of [...WINDOWS, ...browsers, ...phones]) {
      kinds.set(value, asked);
      kind.append(el("option", { value }, text));
    }
    kind.addEventListener("change", () => offerStates(options));
    offerStates(options);
  }

  const made = dialog("add-device-dialog", "Add a device",
    form(() => outcome.follow(add), labelled("Device", kind), labelled("State", state), labelled("Name", name), owner, button("Add")), outcome.element);
  outcome.follow(fill);
  return { open: () => made.showModal() };
}

// --- faults -----------------------------------------------------------------------------------------------------

/** A fault as a sentence. */
function faultWords(fault) {
  const parts = [
    fault.status && `answers ${fault.status}`,
    fault.delay_seconds > 0 && `waits ${fault.delay_seconds} s`,
    fault.cut && `connection: ${fault.cut}`,
    fault.phone ? `for ${fault.phone}` : "for every device",
    fault.left !== null && `${fault.left} more`,
    fault.share !== null && `share ${fault.share}`,
  ];
  return parts.filter(Boolean).join(", ");
}

/** Everything that a fault can apply to. If there are very many devices, only the first of them. */
function sufferers(store) {
  const devices = [...store.devices.values()].slice(0, MAX_OFFERED).map((device) => [device.id, device.name]);
  return [["", "every device"], ["token", "the token servers"], ...devices];
}

function faultsDialog(store) {
  const what = select([["status", "answer with a status"], ["delay_seconds", "wait first (seconds)"], ["cut", "break the connection"]], { name: "what" });
  const number = /** @type {any} */ (el("input", { name: "value", type: "number", step: "any", required: true }));
  const cut = select([], { name: "cut" });
  const whom = select([], { name: "whom" });
  const count = /** @type {any} */ (el("input", { name: "count", type: "number", min: "1", placeholder: "no limit" }));
  const list = el("ul", { class: "fault-list", "aria-label": "Active faults" });
  const outcome = new Outcome();
  const numbered = labelled("Value", number);
  const cutting = labelled("How", cut);

  function draw(faults) {
    list.replaceChildren(...listOf(faults).map((fault) => foreign("li", "", faultWords(fault))));
    if (!faults.length) list.append(el("li", { class: "quiet" }, "No faults are set."));
  }

  async function add() {
    const value = what.value === "cut" ? cut.value : Number(number.value);
    const asked = { [what.value]: value, phone: whom.value || null, count: count.value ? Number(count.value) : null };
    draw(await call("POST", "/api/faults", asked));
    outcome.say("Set.", "ok");
  }

  async function clear() {
    await call("DELETE", "/api/faults");
    draw([]);
    outcome.say("Removed.", "ok");
  }

  function change() {
    cutting.hidden = what.value !== "cut";
    numbered.hidden = what.value === "cut";
    const [value, min, max] = what.value === "status" ? ["503", "200", "599"] : ["2", "0", "3600"];
    Object.assign(number, { value, min, max });
  }

  what.addEventListener("change", change);
  change();
  const made = dialog("faults-dialog", "Faults",
    el("p", { class: "quiet" }, "Make requests fail, and see how your sender handles it."),
    list,
    form(() => outcome.follow(add), labelled("What", what), numbered, cutting, labelled("For", whom), labelled("How many", count),
      button("Set"), button("Remove all", () => outcome.follow(clear))),
    outcome.element);
  return {
    open() {
      made.showModal();
      whom.replaceChildren(...sufferers(store).map(([value, text]) => el("option", { value }, text)));
      outcome.follow(async () => {
        const options = await optionsOf();
        if (!cut.options.length) cut.append(...options.cuts.map((word) => el("option", {}, word)));
        draw(await call("GET", "/api/faults"));
      });
    },
  };
}

// --- one device -------------------------------------------------------------------------------------------------

/**
 * The part of the detail panel that changes the device.
 * @returns {import("./detail.js").DetailPart}
 */
export function controlsPart() {
  const kind = select([], { "aria-label": "Kind of test notification" });
  const state = select([], { "aria-label": "State" });
  const payload = /** @type {any} */ (el("input", { autocomplete: "off", spellcheck: "false", placeholder: "an example, or your payload", title: "Text or JSON; leave empty to send an example" }));
  const [kindField, payloadField] = [labelled("Test", kind), labelled("Test", payload, "payload")];
  const outcome = new Outcome();
  /** @type {any} */
  let shown = null;

  async function send() {
    const record = await call("POST", `/api/channels/${shown.id}/send`, { kind: kind.value, ...(payload.value && { document: payload.value }) });
    outcome.say(`${record.status} ${record.verdict}: ${record.reason}`, verdictTone(record.verdict, record.status));
  }

  async function setState() {
    const device = await call("PATCH", `/api/channels/${shown.id}`, { state: state.value });
    outcome.say(`State is ${device.state}.`, "ok");
  }

  const remove = () => call("DELETE", `/api/channels/${shown.id}`);
  state.addEventListener("change", () => outcome.follow(setState));
  const element = el("section", { class: "part device-controls" },
    form(() => outcome.follow(send), kindField, payloadField, button("Send")),
    form(() => {}, labelled("State", state), button("Remove", () => outcome.follow(remove))),
    outcome.element);
  return {
    element,
    update(device) {
      const first = shown === null;
      shown = device;
      // A browser has only one kind of test, but its payload can be anything.
      kindField.hidden = device.service === "webpush";
      payloadField.hidden = !kindField.hidden;
      if (first) outcome.follow(async () => offer(await optionsOf(), device, kind, state));
      else if (document.activeElement !== state) state.value = device.state;
    },
  };
}

function offer(options, device, kind, state) {
  const names = options[device.service] ?? options.mpns;
  kind.replaceChildren(...names.kinds.map((word) => el("option", {}, word)));
  state.replaceChildren(...names.states.map((word) => el("option", {}, word)));
  state.value = device.state;
}
