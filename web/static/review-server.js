/**
 * What the review page asks of its server. A request that gets no answer has status 0; nothing here throws.
 *
 * @typedef {{status: number, body: any}} Answer
 */

const PATIENCE = 20000; // milliseconds until a request counts as unanswered
const PAUSES = [500, 1000, 2000, 4000];

/** @param {string} address @returns {Promise<Answer>} */
export function get(address) {
  return ask(address);
}

/**
 * One act, sent again while nobody answers: its id makes a repeat harmless.
 *
 * @param {number} image @param {Record<string, unknown>} act @param {() => void} waiting
 * @returns {Promise<Answer>}
 */
export async function judge(image, act, waiting) {
  const body = JSON.stringify({ op_id: newId(), ...act });
  let answer = await post(`/api/review/images/${image}/operations`, body);
  for (const pause of PAUSES) {
    if (answer.status > 0 && answer.status < 500) break;
    waiting();
    await new Promise((resolve) => setTimeout(resolve, pause));
    answer = await post(`/api/review/images/${image}/operations`, body);
  }
  return answer;
}

/** @param {string} address @param {string} body @returns {Promise<Answer>} */
export function post(address, body) {
  return ask(address, { method: "POST", headers: { "content-type": "application/json" }, body });
}

/** crypto.randomUUID is for https and localhost only. */
export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} address @param {RequestInit} [request] @returns {Promise<Answer>} */
async function ask(address, request = {}) {
  try {
    const response = await fetch(address, { ...request, signal: AbortSignal.timeout(PATIENCE) });
    const body = response.status === 304 ? null : await response.json();
    return { status: response.status, body };
  } catch {
    return { status: 0, body: null };
  }
}
