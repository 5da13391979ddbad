/** A message to a browser: its options in words, its payload, and the toast that Edge makes of a notification for Windows. */

import { el, foreign, listOf, plural } from "./dom.js";

/** Shown where Edge says which site a notification is from. */
export const SITE = "your-site.example";

const UNITS = [[86_400, "day"], [3600, "hour"], [60, "minute"]];

/** @param {number} seconds */
function spanOf(seconds) {
  const [size, word] = UNITS.find(([unit]) => seconds >= unit && seconds % unit === 0) ?? [1, "second"];
  return plural(seconds / size, word);
}

/** Its delivery options, in words. @param {any} message */
export function optionsWords(message) {
  const parts = [`TTL ${spanOf(message.ttl_seconds)}`, message.topic && `topic ${message.topic}`, message.urgency && `urgency ${message.urgency}`];
  return parts.filter(Boolean).join(", ");
}

/** What `event.data.text()` gives to the service worker. @param {any} message */
export function payloadOf(message) {
  if (!message.bytes) return el("span", { class: "worker-none" }, "no data: event.data is null");
  return foreign("code", "worker-data", message.text, { title: plural(message.bytes, "byte") });
}

/**
 * The toast that Chromium hands to Windows (its notification_template_builder.cc): the site is the attribution, the icon
 * the logo, the image the hero; the badge is for other systems. One that must be answered needs a button, so it gets one.
 * @param {any} message
 * @param {string} app the browser
 */
export function toastOf(message, app) {
  const shown = message.notification;
  const given = listOf(shown.actions).map((action) => ({ content: action.title, image: action.icon, arguments: action.action ?? "", activation_type: "foreground" }));
  const close = { content: "Close", arguments: "", activation_type: "background" };
  return {
    n: message.n,
    at: message.at,
    app,
    content: [shown.title, shown.body].filter(Boolean).map((text) => ({ type: "text", text, lang: shown.lang })),
    attribution: { text: SITE },
    app_logo: shown.icon && { src: shown.icon },
    hero: shown.image && { src: shown.image },
    buttons: shown.requireInteraction && !given.length ? [close] : given,
    scenario: shown.requireInteraction ? "reminder" : null,
    audio: shown.silent ? { silent: true } : null,
  };
}

/** What can't be seen on the toast, as rows. @param {any} shown the notification */
export function unseenOf(shown) {
  const when = typeof shown.timestamp === "number" ? new Date(shown.timestamp).toLocaleString("en-GB") : null;
  return [
    ["tag", shown.tag],
    ["badge", shown.badge && `${shown.badge}: not on Windows`],
    ...listOf(shown.actions).map((action) => [action.title, `action ${action.action ?? "without a name"}`]),
    ["left out", shown.left_out > 0 && `${plural(shown.left_out, "action")}: two are shown`],
    ["shown time", when],
  ];
}
