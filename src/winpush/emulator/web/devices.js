/** Which module draws which kind of device. */

import { browserKind } from "./browsers.js";
import { phoneKind } from "./phones.js";
import { windowsKind } from "./windows.js";

/**
 * @typedef {object} DeviceView
 * @property {HTMLElement} element carries `data-phone`
 * @property {boolean} [broad] takes the space of two
 * @property {(near: boolean) => void} [setNear] whether it is on the screen, or could soon be scrolled to
 * @property {(device: any, news: {quiet: boolean}) => void} update `quiet`: it is old news, so nothing is animated
 *
 * @typedef {object} DeviceKind
 * @property {(device: any) => DeviceView} createView
 * @property {(device: any) => Array<unknown>} texts everything that the text search looks through
 * @property {() => import("./detail.js").DetailPart[]} detailParts what the detail panel shows, from top to bottom
 */

/** @type {Map<string, DeviceKind>} */
const KINDS = new Map([["mpns", phoneKind], ["wns", windowsKind], ["webpush", browserKind]]);

/**
 * The kind of a device. One of an unknown service is drawn as a phone: better than not at all.
 * @param {any} device
 * @returns {DeviceKind}
 */
export function kindOf(device) {
  return KINDS.get(device.service) ?? phoneKind;
}
