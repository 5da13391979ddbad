/** Calls the emulator's API. Other programs can do everything that the page does. */

/**
 * One call. Rejects with an Error whose message is the API's own sentence.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const data = await answer.json();
  if (!answer.ok) throw new Error(String(data.error ?? `The emulator answered ${answer.status}.`));
  return data;
}

/** @type {Promise<any> | null} */
let options = null;

/** The names that forms offer, and the playground's examples; fetched once. */
export function optionsOf() {
  options ??= call("GET", "/api/options").catch((error) => {
    options = null;
    throw error;
  });
  return options;
}
