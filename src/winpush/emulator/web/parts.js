/** The parts of the detail panel: facts and channel, toasts, tiles, raws. Each redraws only when its own data changed. */

import { append, clock, el, foreign, listOf, plural } from "./dom.js";
import { tileFaces } from "./tiles.js";
import { toastEntry } from "./toasts.js";
import { stateOf } from "./words.js";

const COPIED_MS = 2000;

const given = (value) => value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length);

/**
 * A part whose content depends on only one piece of the device.
 * @param {string} title
 * @param {(device: any) => unknown} pick
 * @param {(value: any, body: HTMLElement) => void} draw
 * @returns {import("./detail.js").DetailPart}
 */
export function part(title, pick, draw) {
  const body = el("div", { class: "part-body" });
  let drawn = null;
  return {
    element: el("section", { class: "part" }, title && el("h3", {}, title), body),
    update(device) {
      const value = pick(device);
      const key = JSON.stringify(value ?? null);
      if (key === drawn) return;
      drawn = key;
      draw(value, body);
    },
  };
}

/** Which device it is, its state, and the channel URI to push to. */
export function factsPart() {
  const pick = ({ version, state, channel, authenticated, accepted }) => ({ version, state, channel, authenticated, accepted });
  return part("", pick, (facts, body) => {
    const state = stateOf(facts.state);
    const line = el("p", { class: "facts" },
      foreign("span", `badge tone-${state.tone}`, state.word),
      foreign("span", "", `Windows Phone ${facts.version ?? "?"}`),
      el("span", {}, facts.authenticated ? "authenticated channel" : "unauthenticated channel"),
      el("span", {}, plural(facts.accepted ?? 0, "accepted", "accepted")));
    const note = state.note && el("p", { class: "quiet" }, state.note);
    body.replaceChildren();
    append(body, [line, note, channelField(String(facts.channel ?? ""))]);
  });
}

/**
 * The channel URI, or another text to copy.
 * @param {string} channel
 * @param {string} [label]
 */
export function channelField(channel, label = "Channel URI") {
  const input = el("input", { class: "channel", readonly: true, dir: "ltr", spellcheck: "false" });
  input.value = channel;
  const copy = el("button", { class: "button", type: "button" }, "Copy");
  input.addEventListener("focus", () => input.select());
  copy.addEventListener("click", async () => {
    copy.textContent = (await copied(input)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { copy.textContent = "Copy"; }, COPIED_MS);
  });
  return el("div", { class: "channel-row" }, el("label", {}, el("span", { class: "label" }, label), input), copy);
}

/** The clipboard works only on loopback and https; elsewhere the text is left selected, to be copied by keyboard. */
async function copied(input) {
  try {
    await navigator.clipboard.writeText(input.value);
    return true;
  } catch {
    input.focus();
    input.select();
    return false;
  }
}

/**
 * All toasts, newest on top. Only new ones are added, so that a screen reader announces no others.
 * @param {(toast: any) => HTMLElement} [entry]
 * @param {string} [title]
 * @param {(device: any) => unknown} [pick]
 * @returns {import("./detail.js").DetailPart}
 */
export function toastsPart(entry = toastEntry, title = "Toasts", pick = (device) => device.toasts) {
  const list = el("ol", { class: "toast-list", "aria-live": "polite", "aria-relevant": "additions", "aria-label": `${title}, newest first` });
  const none = el("p", { class: "quiet" }, "None yet.");
  const entries = new Map();
  return {
    element: el("section", { class: "part" }, el("h3", {}, title), none, list),
    update(device) {
      const toasts = listOf(pick(device));
      const kept = new Set(toasts.map((toast) => toast.n));
      for (const [n, node] of entries) if (!kept.has(n) && entries.delete(n)) node.remove();
      for (const toast of toasts) {
        if (entries.has(toast.n)) continue;
        entries.set(toast.n, entry(toast));
        list.prepend(entries.get(toast.n));
      }
      none.hidden = toasts.length > 0;
    },
  };
}

/** Every tile with all of its faces and fields, secondary ones too. */
export function tilesPart() {
  return part("Tiles", (device) => listOf(device.tiles), (tiles, body) => {
    body.replaceChildren(...tiles.map(tileEntry));
    if (!tiles.length) body.append(el("p", { class: "quiet" }, "None yet."));
  });
}

function tileEntry(tile) {
  const name = given(tile.id) ? foreign("code", "", tile.id) : "Application tile";
  const rows = Object.entries(tile.fields ?? {}).filter(([, value]) => given(value)).flatMap(([field, value]) => [
    el("dt", {}, field.replaceAll("_", " ")),
    foreign("dd", "", Array.isArray(value) ? value.join(", ") : value),
  ]);
  const fields = rows.length ? el("dl", { class: "fields" }, ...rows) : el("p", { class: "quiet" }, "Nothing set.");
  const meta = el("span", { class: "tile-meta" }, foreign("span", "", tile.template ?? "Tile"), " · ", clock(tile.updated));
  return el("article", { class: "tile-entry" }, el("h4", {}, name, meta), tileFaces(tile), fields);
}

/** Raw notifications: size and beginning. */
export function rawsPart() {
  return part("Raw", (device) => listOf(device.raws), (raws, body) => {
    body.replaceChildren();
    if (!raws.length) return body.append(el("p", { class: "quiet" }, "None yet."));
    const entries = [...raws].reverse().map((raw) => el("li", {},
      el("span", { class: "toast-meta" }, clock(raw.at), plural(raw.size, "byte")),
      foreign("code", "raw-preview", raw.preview)));
    return body.append(el("ol", { class: "raw-list", "aria-label": "Raw notifications, newest first" }, ...entries));
  });
}
