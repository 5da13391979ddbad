/** The parts of the detail panel for a browser: facts with the subscription, and the messages that have arrived. */

import { append, clock, el, foreign, listOf, plural } from "./dom.js";
import { channelField, part, toastsPart } from "./parts.js";
import { optionsWords, payloadOf, toastOf, unseenOf } from "./web-notification.js";
import { terms } from "./win-content.js";
import { toastCard } from "./win-toast.js";
import { windowsTone } from "./words.js";

/** Which browser it is, what its push service answers, and the subscription to push to. */
export function browserFactsPart() {
  const pick = ({ messages, ...facts }) => facts;
  return part("", pick, (facts, body) => {
    body.replaceChildren();
    append(body, [
      el("p", { class: "facts" },
        foreign("span", `badge tone-${windowsTone(facts)}`, facts.state),
        foreign("span", "", facts.version),
        el("span", {}, plural(facts.accepted ?? 0, "accepted", "accepted")),
        facts.queued > 0 && el("span", {}, `${facts.queued} waiting`)),
      facts.meaning && foreign("p", "quiet", facts.meaning),
      channelField(JSON.stringify(facts.subscription), "Subscription"),
      terms([["VAPID key", facts.application_server_key ?? "none yet; the first accepted message binds its own"]]),
    ]);
  });
}

/** Every message, decrypted. */
export function messagesPart() {
  return toastsPart(messageDetail, "Messages", (device) => listOf(device.messages).map((message) => ({ ...message, app: device.browser })));
}

function messageDetail(message) {
  const shown = message.notification;
  const entry = el("li", { class: "win-toast-entry", "data-message": message.n },
    el("span", { class: "toast-meta" }, clock(message.at), foreign("span", "", optionsWords(message)), plural(message.bytes, "byte")));
  append(entry, [
    shown && toastCard(toastOf(message, message.app)),
    shown && terms(unseenOf(shown)),
    el("p", { class: "quiet" }, shown ? "The payload:" : "Not a notification in JSON. The page's service worker gets:"),
    payloadOf(message),
  ]);
  return entry;
}
