/** What the words of the service mean to a reader: one table for verdicts, one for a device's state. */

/** @typedef {"ok" | "later" | "refused" | "neutral"} Tone */

/** @type {Map<string, Tone>} */
const VERDICT_TONES = new Map([
  ["accepted", "ok"],
  ["queue-full", "later"],
  ["throttled", "later"],
  ["device-inactive", "later"],
  ["service-unavailable", "later"],
  ["retry-later", "later"],
  ["suppressed", "refused"],
  ["channel-throttled", "later"],
  ["service-error", "later"],
  ["dropped", "refused"],
  ["payload-too-large", "refused"],
  ["domain-blocked", "refused"],
  ["bad-request", "refused"],
  ["unauthorized", "refused"],
  ["forbidden", "refused"],
  ["channel-gone", "refused"],
  ["method-not-allowed", "refused"],
  ["key-mismatch", "refused"],
  ["invalid-channel", "refused"],
  ["unexpected-answer", "refused"],
  ["foreign-answer", "later"],
  ["received", "neutral"],
  ["logged-in", "neutral"],
  ["described", "neutral"],
  ["credentials-refused", "refused"],
  ["token-unavailable", "later"],
]);

const TONE_ORDER = ["neutral", "ok", "later", "refused"];

/** @type {Map<string, {tone: Tone, note: string}>} */
const STATES = new Map([
  ["healthy", { tone: "ok", note: "Accepts everything sent to it." }],
  ["expired", { tone: "refused", note: "Its channel is gone. Sends are answered 404: delete the channel." }],
  ["throttled", { tone: "later", note: "Over its daily limit. Sends are answered 406: try again in an hour or more." }],
  ["inactive", { tone: "later", note: "Not in use. Sends are answered 412: try again once an hour at most." }],
  ["queue-full", { tone: "later", note: "Its queue is full. Sends are answered 200 QueueFull: try again in a few minutes." }],
  ["suppressed", { tone: "refused", note: "The app did not bind this kind of notification. Sends are answered 200 Suppressed." }],
  ["dropped", { tone: "refused", note: "Sends are answered 200 Dropped: the phone does not show them." }],
  ["gone", { tone: "refused", note: "Its channel is gone. Sends are answered 404 without details: delete the channel." }],
  ["bad-request", { tone: "refused", note: "Sends are answered 400, whatever they contain." }],
  ["unauthorized", { tone: "refused", note: "Sends are answered 401: the channel and the certificate do not match." }],
  ["forbidden", { tone: "refused", note: "Sends are answered 403: the client certificate is refused." }],
  ["method-not-allowed", { tone: "refused", note: "Sends are answered 405, whatever their method." }],
  ["service-unavailable", { tone: "later", note: "Sends are answered 503: try again in a few minutes." }],
  ["temporarily-disconnected", { tone: "later", note: "Briefly offline. Sends are accepted and wait in its queue." }],
  ["disconnected", { tone: "later", note: "Offline. Sends are accepted and wait in its queue." }],
]);

/**
 * How a verdict is coloured. A word that the table does not know is judged by the status that was answered.
 * @param {unknown} verdict
 * @param {number} [status]
 * @returns {Tone}
 */
export function verdictTone(verdict, status = 0) {
  const known = VERDICT_TONES.get(String(verdict));
  if (known) return known;
  if (status === 406 || status === 412 || status === 429 || status >= 500) return "later";
  return status >= 400 ? "refused" : "neutral";
}

/** States of a device that nothing reaches, although its service accepts what is sent. */
const AWAY = /disconnected$|^offline$/;

/**
 * How a Windows device's or a browser's state is coloured: by what its channel answers, and whether it is there to show anything.
 * @param {{state?: unknown, outcome?: unknown}} device
 * @returns {Tone}
 */
export function windowsTone(device) {
  const tone = verdictTone(device.outcome);
  return tone === "ok" && AWAY.test(String(device.state)) ? "later" : tone;
}

/**
 * Sorts words so that good news comes first and the order never jumps while numbers change.
 * @param {string} a
 * @param {string} b
 */
export function byTone(a, b) {
  const distance = TONE_ORDER.indexOf(verdictTone(a)) - TONE_ORDER.indexOf(verdictTone(b));
  return distance || a.localeCompare(b);
}

/**
 * What a state means for the sender. An unknown word still shows as unhealthy, because it isn't "healthy".
 * @param {unknown} state
 * @returns {{word: string, well: boolean, tone: Tone, note: string}}
 */
export function stateOf(state) {
  const word = String(state ?? "unknown");
  // "expired-disconnected" is "expired" on a phone that is offline too
  const row = STATES.get(word) ?? STATES.get(word.replace(/-(temporarily-)?disconnected$/, "")) ?? { tone: "refused", note: "" };
  return { word, well: word === "healthy", ...row };
}
