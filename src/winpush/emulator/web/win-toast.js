/** A toast of Windows: adaptive ones with everything that they may hold, and those of the eight legacy templates. */

import { append, clock, el, foreign, listOf, setText, timestamp } from "./dom.js";
import { actionsOf, effectOf, menuOf } from "./win-actions.js";
import { contentOf, given, imageBox, terms, textLine } from "./win-content.js";

const SCENARIOS = new Map([
  ["reminder", "Reminder"],
  ["alarm", "Alarm"],
  ["incomingCall", "Incoming call"],
]);

const SOUND_PREFIX = /^ms-winsoundevent:Notification\./;

/** What is heard, in words: a picture makes no sound. @param {any} audio */
export function soundOf(audio) {
  if (audio?.silent) return "silent";
  const name = given(audio?.src) ? String(audio.src).replace(SOUND_PREFIX, "") : "";
  if (!name && !audio?.loop) return "";
  return `${name || "Default"}${audio.loop ? ", looping" : ""}`;
}

/** A legacy template's number and whether it has an image; null for an adaptive toast. */
function legacyOf(toast) {
  const match = /^Toast(ImageAndText|Text)(0[1-4])$/.exec(String(toast.template ?? ""));
  return match && { hasImage: match[1] !== "Text", number: match[2] };
}

/** The image at the left: the app's own, or that of a legacy template. */
function logoOf(toast, legacy) {
  const image = toast.app_logo ?? (legacy?.hasImage ? listOf(toast.content).find((item) => item.type === "image") : null);
  return image ? imageBox(image, "app-logo") : null;
}

/** @param {any} item @param {number} at */
function topText(item, at) {
  const centred = item.call_center_align ? "centred" : "";
  return textLine({ ...item, wrap: true }, `${at === 0 ? "toast-title" : "toast-line"} ${centred}`);
}

/** The first text is the title; the others share four lines. The attribution is below them. */
function textsOf(toast) {
  const own = listOf(toast.content).filter((item) => item.type === "text");
  const [title, ...lines] = (toast.is_placeholder ? [{ text: "Your app" }, ...own] : own).map(topText);
  return el("div", { class: "win-toast-text" },
    title,
    lines.length > 0 && el("div", { class: "toast-lines" }, ...lines),
    toast.attribution && textLine({ ...toast.attribution, wrap: true }, "toast-attribution"));
}

/** What is below the texts, at full width: images, groups and progress bars. Calls have their image at the top. */
function wideParts(toast, legacy) {
  const items = legacy ? [] : listOf(toast.content).filter((item) => item.type !== "text");
  const inCall = (item) => toast.scenario === "incomingCall" && item.type === "image";
  const draw = (kept, place) => contentOf(kept, { text: topText, image: (item) => imageBox(item, place) });
  const above = draw(items.filter(inCall), "call-image");
  const below = draw(items.filter((item) => !inCall(item)), "inline");
  return {
    above: above.length > 0 && el("div", { class: "win-toast-call" }, ...above),
    below: below.length > 0 && el("div", { class: "win-toast-wide" }, ...below),
  };
}

/** @param {any} toast */
function headOf(toast) {
  const scenario = SCENARIOS.get(toast.scenario);
  const sound = soundOf(toast.audio);
  return el("div", { class: "win-toast-head" },
    el("span", { class: "win-app", "aria-hidden": "true" }),
    foreign("span", "win-app-name", toast.app ?? "Your app"),
    toast.scenario === "urgent" && el("span", { class: "win-urgent", role: "img", "aria-label": "Urgent", title: "Urgent" }, "!"),
    scenario && el("span", { class: "win-scenario" }, scenario),
    sound && foreign("span", "win-sound", sound, { title: toast.audio?.src ?? "Windows' default sound" }),
    el("span", { class: "win-more", title: listOf(toast.menu).length > 0 && "Has entries in its menu", "aria-hidden": "true" }, "\u22ef"),
    el("span", { class: "win-close", "aria-hidden": "true" }, "\u00d7"));
}

/**
 * A toast as Windows shows it.
 * @param {any} toast
 */
export function toastCard(toast) {
  const legacy = legacyOf(toast);
  const logo = logoOf(toast, legacy);
  const { above, below } = wideParts(toast, legacy);
  return el("article", {
    class: "win-toast",
    "data-toast": toast.n,
    "data-scenario": toast.scenario,
    "data-legacy": legacy?.number,
    "aria-label": "Toast",
  },
    toast.hero && imageBox(toast.hero, "hero"),
    headOf(toast),
    toast.header && foreign("p", "win-toast-header", toast.header.title, { title: `Header ${toast.header.id}` }),
    above,
    el("div", { class: `win-toast-body ${logo ? "has-logo" : ""}` }, logo, textsOf(toast)),
    below,
    actionsOf(toast));
}

/** What a toast does that can't be seen on it. */
function effectsOf(toast) {
  const launch = given(toast.launch) ? effectOf({ activation_type: toast.activation_type, arguments: toast.launch }) : null;
  const rows = [
    ["tag", toast.tag],
    ["group", toast.group],
    ["click", launch],
    ["header", toast.header && effectOf(toast.header)],
    ...[...listOf(toast.buttons), ...listOf(toast.menu)].map((action) => [action.content || action.tool_tip || "button", effectOf(action)]),
    ...listOf(toast.inputs).map((input) => [`input ${input.id}`, choicesOf(input)]),
    ["duration", toast.duration],
    ["sound", toast.audio?.silent ? "none" : toast.audio?.src],
    ["shown time", toast.display_timestamp],
    ["people", toast.people],
    ["toast id", toast.toast_id],
    ["popup", toast.pops_up === false ? "suppressed: in the action centre only" : null],
  ];
  return terms(rows);
}

function choicesOf(input) {
  return input.type === "text" ? "text" : listOf(input.selections).map((item) => `${item.content} (${item.id})`).join(", ");
}

/**
 * A toast as an entry of the detail panel: whole, with its menu laid open and what each part does.
 * @param {any} toast
 */
export function toastDetail(toast) {
  return el("li", { class: "win-toast-entry" },
    el("span", { class: "toast-meta" }, clock(toast.at)), toastCard(toast), menuOf(toast), effectsOf(toast));
}

/** Toasts with the same header are grouped, and so are those of one group; the rest is under the app's name. */
function groupOf(toast) {
  if (toast.header) return { key: `header ${toast.header.id}`, title: toast.header.title };
  if (given(toast.group)) return { key: `group ${String(toast.group).toLowerCase()}`, title: `Group ${toast.group}` };
  return { key: "", title: "Your app" };
}

/** The time that Windows sorts by: the toast's own, or when the service received it. @param {any} toast */
const timeOf = (toast) => toast.display_timestamp ?? toast.at;

/** A toast in the action centre: its buttons are behind an arrow, as on a device. */
function centreEntry(toast) {
  const card = toastCard(toast);
  const actions = card.querySelector(".win-actions");
  const meta = el("span", { class: "toast-meta" }, timestamp(timeOf(toast)));
  if (actions) {
    const arrow = el("button", { class: "centre-expand", type: "button", "aria-expanded": "false", "aria-label": "Show inputs and buttons" });
    arrow.addEventListener("click", () => arrow.setAttribute("aria-expanded", String(card.classList.toggle("expanded"))));
    meta.append(arrow);
  }
  return el("li", {}, meta, card);
}

/**
 * The action centre's content: newest group first, newest toast first, by the time shown on each toast.
 * @param {any[]} toasts in the order of their arrival
 */
export function centreOf(toasts) {
  const groups = new Map();
  const sorted = [...toasts].sort((one, other) => Date.parse(timeOf(other)) - Date.parse(timeOf(one)) || other.n - one.n);
  for (const toast of sorted) {
    const { key, title } = groupOf(toast);
    if (!groups.has(key)) groups.set(key, el("li", { class: "centre-group" }, foreign("p", "centre-title", title), el("ol", {})));
    groups.get(key).lastChild.append(centreEntry(toast));
  }
  if (!groups.size) return [el("li", { class: "centre-none" }, "No notifications")];
  return [...groups.values()];
}

/**
 * The button of the action centre: how many toasts wait there.
 * @param {HTMLElement} button
 * @param {number} count
 */
export function markBell(button, count) {
  const said = count === 1 ? "1 notification" : `${count} notifications`;
  button.setAttribute("aria-label", `Action centre, ${said}`);
  button.title = `Action centre: ${said}`;
  button.classList.toggle("none", count === 0);
  const number = button.querySelector(".bell-count");
  if (number) setText(number, count ? String(count) : "");
  else append(button, [el("span", { class: "bell", "aria-hidden": "true" }), el("span", { class: "bell-count" }, count ? String(count) : "")]);
}
