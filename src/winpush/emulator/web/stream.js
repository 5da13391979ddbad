/** The stream of events from the emulator, and whether it is connected. */

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;

/**
 * @typedef {object} Handlers
 * @property {(data: any) => void} onState the whole state, which replaces all that was known
 * @property {(data: any) => void} onChanges what has changed since
 * @property {(up: boolean) => void} onLink whether the stream is connected
 */

/**
 * Listens for as long as the page is open.
 * @param {string} url
 * @param {Handlers} handlers
 */
export function listen(url, handlers) {
  const stream = new Stream(url, handlers);
  // A page that was left must not hold a connection: a browser has six per host, and keeps such pages in its cache.
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => event.persisted && stream.open());
  stream.open();
}

class Stream {
  #url;
  #handlers;
  /** @type {EventSource | null} */
  #source = null;
  #wait = FIRST_WAIT_MS;
  #timer = 0;

  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  open() {
    this.close();
    const source = new EventSource(this.#url);
    this.#source = source;
    source.addEventListener("state", (event) => {
      this.#wait = FIRST_WAIT_MS;
      this.#handlers.onLink(true);
      this.#handlers.onState(JSON.parse(event.data));
    });
    source.addEventListener("changes", (event) => this.#handlers.onChanges(JSON.parse(event.data)));
    source.addEventListener("error", () => this.#onError());
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  /** After a cut the browser tries again by itself, but not after an answer that isn't a stream (a proxy's 502, say). */
  #onError() {
    this.#handlers.onLink(false);
    if (this.#source?.readyState !== EventSource.CLOSED) return;
    this.#timer = setTimeout(() => this.open(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }
}
