/** What the page tells people: saved or not, how far, and what went wrong. */

import { group } from "./state.js";

/** "saved 12:03", or what stands in the way of it. @param {import("./sync.js").Status} status @param {number} waiting @param {Date | null} savedAt */
export function savedText(status, waiting, savedAt) {
  const changes = `${group(waiting)} ${waiting === 1 ? "change" : "changes"}`;
  if (status === "offline") return `offline, ${changes} kept`;
  if (status === "ended") return waiting ? `session ended, ${changes} kept` : "session ended";
  if (waiting > 0) return "saving…";
  return savedAt ? `saved ${clock(savedAt)}` : "";
}

/** @param {{done: number, total: number}} progress */
export function progressText({ done, total }) {
  return `${group(done)} of ${group(total)}`;
}

/** What a submitted or skipped image says of itself; null for an open one. @param {import("./state.js").Assignment} assignment */
export function stateText({ state, reason }) {
  if (state === "submitted") return "Submitted. Changes are still taken; Next goes on.";
  if (state === "skipped") return `Skipped: ${reason}`;
  return null;
}

/** @param {Date} time */
function clock(time) {
  return [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** Speak to screen readers; the same words twice are two messages. @param {HTMLElement} region @param {string} text */
export function speak(region, text) {
  region.textContent = "";
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
