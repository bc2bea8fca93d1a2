/**
 * What the page asks of its server. A request that gets no answer has status 0; nothing here throws.
 *
 * @typedef {import("./sync.js").Answer} Answer
 */

const PATIENCE = 20000; // milliseconds until a request counts as unanswered

/** Who is here, and what the campaign asks. @returns {Promise<Answer>} */
export function askSession() {
  return ask("/api/session");
}

/** Come in again. @param {string} token @returns {Promise<Answer>} */
export function signIn(token) {
  return post("/api/session", { token });
}

/** The image to work on, or `state: null` where there is none. @returns {Promise<Answer>} */
export function askNext() {
  return ask("/api/next");
}

/** @param {number} image @returns {Promise<Answer>} */
export function askImage(image) {
  return ask(`/api/images/${image}`);
}

/** What the address names, else the next image. @returns {Promise<Answer>} */
export function askHere() {
  const id = Number(location.hash.slice(1));
  return id > 0 ? askImage(id) : askNext();
}

/** @param {import("./sync.js").Batch} batch @returns {Promise<Answer>} */
export function send(batch) {
  return post("/api/operations", batch);
}

/** @param {number} image @returns {Promise<Answer>} */
export function askSuggestions(image) {
  return post(`/api/images/${image}/suggestions`, {});
}

/** @returns {Promise<Answer>} */
export function practiseAgain() {
  return post("/api/practice", {});
}

/** @param {number} milliseconds @returns {Promise<void>}  sooner, when the browser says that it is online again */
export function pause(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done, { once: true });
    function done() {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    }
  });
}

/** An id that no other has. Works without https too, where `crypto.randomUUID` does not exist. */
export function makeId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} address @param {object} body @returns {Promise<Answer>} */
function post(address, body) {
  return ask(address, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

/** @param {string} address @param {RequestInit} [request] @returns {Promise<Answer>} */
async function ask(address, request = {}) {
  try {
    const response = await fetch(address, { ...request, signal: AbortSignal.timeout(PATIENCE) });
    return { status: response.status, body: await response.json() };
  } catch {
    return { status: 0, body: null };
  }
}
