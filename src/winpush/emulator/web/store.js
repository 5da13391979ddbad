/** What the emulator has told us so far, and what hasn't been drawn yet. */

import { listOf } from "./dom.js";

/** Records kept for looking back at one phone; the list itself shows fewer. */
const MAX_RECORDS = 1000;

/**
 * @typedef {object} Delta
 * @property {boolean} fresh everything was replaced: what isn't in the store any more is gone
 * @property {Set<string>} changed ids of devices that are new or have changed
 * @property {Set<string>} removed
 * @property {any[]} records new requests, oldest first
 */

export class Store {
  /** @type {Map<string, any>} in the order in which the emulator created them */
  devices = new Map();
  /** @type {any[]} oldest first */
  records = [];
  /** @type {Record<string, number>} */
  counters = {};
  #delta = emptyDelta();

  /** Takes the first event of a stream: it replaces all that was known. */
  replace(state) {
    this.#delta = { ...emptyDelta(), fresh: true };
    this.devices = new Map(listOf(state.phones).map((device) => [device.id, device]));
    this.#delta.changed = new Set(this.devices.keys());
    this.records = listOf(state.requests).slice(-MAX_RECORDS);
    this.counters = state.counters ?? {};
  }

  /** Takes a batch of changes. */
  merge(changes) {
    for (const device of listOf(changes.phones)) {
      this.devices.set(device.id, device);
      this.#delta.changed.add(device.id);
      this.#delta.removed.delete(device.id);
    }
    for (const id of listOf(changes.removed)) {
      this.devices.delete(id);
      this.#delta.changed.delete(id);
      this.#delta.removed.add(id);
    }
    const records = listOf(changes.requests);
    if (records.length) this.records = [...this.records, ...records].slice(-MAX_RECORDS);
    this.#delta.records = [...this.#delta.records, ...records].slice(-MAX_RECORDS);
    this.counters = changes.counters ?? this.counters;
  }

  /**
   * What has changed since the last call.
   * @returns {Delta}
   */
  takeDelta() {
    const delta = this.#delta;
    this.#delta = emptyDelta();
    return delta;
  }
}

function emptyDelta() {
  return { fresh: false, changed: new Set(), removed: new Set(), records: [] };
}
