/** Toasts: the banner at the top of a phone's screen, and one entry of a list of toasts. */

import { append, clock, el, foreign } from "./dom.js";

const given = (value) => value !== null && value !== undefined && value !== "";

/** Sound and silence, which a toast cannot show but a reader wants to know. */
function soundOf(toast) {
  if (toast.silent) return el("span", { class: "toast-sound" }, "silent");
  return given(toast.sound) && foreign("span", "toast-sound", `sound ${toast.sound}`, { title: toast.sound });
}

function textsOf(toast) {
  return [
    given(toast.text1) && foreign("strong", "toast-text1", toast.text1),
    given(toast.text2) && foreign("span", "toast-text2", toast.text2),
  ];
}

/** @param {any} toast */
const wholeText = (toast) => [toast.text1, toast.text2, toast.param].filter(given).join("\n");

/**
 * Fills a banner with a toast: bold text, text, and the page that it opens as small print.
 * @param {Element} banner
 * @param {any} toast
 */
export function fillBanner(banner, toast) {
  banner.replaceChildren();
  banner.setAttribute("title", `${wholeText(toast)}\n(click for earlier toasts)`);
  append(banner, [
    el("span", { class: "toast-app", "aria-hidden": "true" }),
    el("span", { class: "toast-body" }, ...textsOf(toast), smallPrint(toast)),
  ]);
}

function smallPrint(toast) {
  if (given(toast.param)) return foreign("small", "toast-param", toast.param);
  return toast.silent ? el("small", { class: "toast-param" }, "silent") : null;
}

/**
 * A toast as an entry of a list, with its time, its sound and the page that it opens.
 * @param {any} toast
 */
export function toastEntry(toast) {
  const meta = el("span", { class: "toast-meta" }, clock(toast.at), soundOf(toast));
  const param = given(toast.param) && foreign("small", "toast-param", toast.param);
  return el("li", { class: "toast-entry", "data-toast": toast.n }, meta, ...textsOf(toast), param);
}
