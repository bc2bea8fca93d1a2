/**
 * What the page asks of its server. A request that gets no answer has status 0; nothing here throws.
 *
 * @typedef {import("./sync.js").Answer} Answer
 * @typedef {import("./state.js").Operation} Operation
 */

const PATIENCE = 20000; // milliseconds until a request counts as unanswered

/** The image to work on, or `image: null` where all are done. @returns {Promise<Answer>} */
export function askNext() {
  return ask("/api/next");
}

/** @param {number} image @returns {Promise<Answer>} */
export function askImage(image) {
  return ask(`/api/images/${image}`);
}

/** @param {Operation} operation @returns {Promise<Answer>} */
export function send({ image, ...operation }) {
  return ask(`/api/images/${image}/operations`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(operation),
  });
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

/** @param {string} address @param {RequestInit} [request] @returns {Promise<Answer>} */
async function ask(address, request = {}) {
  try {
    const response = await fetch(address, { ...request, signal: AbortSignal.timeout(PATIENCE) });
    return { status: response.status, body: await response.json() };
  } catch {
    return { status: 0, body: null };
  }
}
