/** The parts of the detail panel for a Windows device: facts, toasts, tile, badge, raws. */

import { append, clock, el, foreign, listOf, plural } from "./dom.js";
import { channelField, part, toastsPart } from "./parts.js";
import { badgeMark, badgeWords } from "./win-badge.js";
import { tileDetail } from "./win-tile.js";
import { toastDetail } from "./win-toast.js";
import { windowsTone } from "./words.js";

const NONE = "None yet.";

/** Which device it is, what its channel answers, and the channel URI to push to. */
export function windowsFactsPart() {
  const pick = ({ version, state, outcome, meaning, channel, accepted, app }) => ({ version, state, outcome, meaning, channel, accepted, app });
  return part("", pick, (facts, body) => {
    body.replaceChildren();
    append(body, [
      el("p", { class: "facts" },
        foreign("span", `badge tone-${windowsTone(facts)}`, facts.state),
        foreign("span", "", facts.version),
        facts.app ? foreign("span", "", `WNS channel of ${facts.app}`) : el("span", {}, "WNS channel"),
        el("span", {}, plural(facts.accepted ?? 0, "accepted", "accepted"))),
      facts.meaning && foreign("p", "quiet", facts.meaning),
      channelField(String(facts.channel ?? "")),
    ]);
  });
}

export const windowsToastsPart = () => toastsPart(toastDetail);

/** The tile in every size that was sent. */
export function windowsTilePart() {
  return part("Tile", ({ tile, badge }) => ({ tile, badge }), ({ tile, badge }, body) => {
    body.replaceChildren(tile ? tileDetail(tile, badge) : el("p", { class: "quiet" }, NONE));
    if (tile) body.append(el("p", { class: "quiet" }, "Windows 10 shows tiles; the start menu of Windows 11 has none."));
  });
}

/** The badge, in words too. */
export function badgePart() {
  return part("Badge", (device) => device.badge, (badge, body) => {
    body.replaceChildren();
    append(body, [el("p", { class: "facts" }, badgeMark(badge), el("span", { class: badge ? "" : "quiet" }, badgeWords(badge)))]);
  });
}

/** Raw notifications: size, and the beginning as text or, if it isn't text, in hexadecimal. */
export function windowsRawsPart() {
  return part("Raw", (device) => listOf(device.raws), (raws, body) => {
    if (!raws.length) return body.replaceChildren(el("p", { class: "quiet" }, NONE));
    const entries = [...raws].reverse().map((raw) => el("li", {},
      el("span", { class: "toast-meta" }, clock(raw.at), plural(raw.bytes, "byte"), raw.hex && "not text; in hexadecimal"),
      foreign("code", "raw-preview", raw.hex ?? raw.text)));
    return body.replaceChildren(el("ol", { class: "raw-list", "aria-label": "Raw notifications, newest first" }, ...entries));
  });
}
