/** What the page tells people: saved or not, how far, and what went wrong. */

import { group } from "./state.js";

/** "saved 12:03", or what stands in the way of it. @param {import("./sync.js").Status} status @param {number} waiting @param {number} held  that wait for a decision @param {Date | null} savedAt */
export function savedText(status, waiting, held, savedAt) {
  const changes = `${group(waiting)} ${waiting === 1 ? "change" : "changes"}`;
  if (status === "offline") return `offline, ${changes} kept`;
  if (status === "ended") return waiting ? `session ended, ${changes} kept` : "session ended";
  if (status === "foreign") return `somebody else is signed in, ${changes} kept`;
  if (held > 0) return `${group(held)} ${held === 1 ? "change needs" : "changes need"} your decision`;
  if (waiting > 0) return "saving…";
  return savedAt ? `saved ${clock(savedAt)}` : "";
}

/** @param {{done: number, total: number, practice?: {done: number, total: number, passed: boolean | null} | null}} progress */
export function progressText({ done, total, practice }) {
  if (practice && practice.passed === null) return `Practice: ${group(practice.done)} of ${group(practice.total)}`;
  return `${group(done)} of ${group(total)}`;
}

/** What a submitted or skipped image says of itself; null for an open one. @param {import("./state.js").Assignment} assignment */
export function stateText({ state, reason }) {
  if (state === "submitted") return `Submitted${reason ? ` (${reason})` : ""}. Changes are still taken; Next goes on.`;
  if (state === "skipped") return `Skipped: ${reason}`;
  if (state === "released") return "This image went back to the queue after a long pause; your next change takes it again.";
  return null;
}

/** "Phrases", and how many are asked for. @param {number} there @param {number} wanted */
export function countText(there, wanted) {
  return wanted ? `Phrases ${group(there)} of ${group(wanted)}` : "Phrases";
}

/** What another phrase is so much alike. @param {{text: string, annotator: string | null}} warning */
export function warningText({ text, annotator }) {
  return `Much like ${annotator === null ? "another phrase of yours" : `${annotator}'s`} on nearly the same box: “${text}”.`;
}

/** Why there is no image. @param {string | null} why @param {any} progress @returns {{title: string, text: string}} */
export function finishedText(why, progress) {
  if (why === "taken") return { title: "Nothing for you right now", text: "Others hold the images that are left. Some may come back: look again later." };
  if (why === "practice") {
    const { score, pass_mark: mark } = progress?.practice ?? {};
    const figures = score == null ? "" : ` You have ${Math.round(100 * score)} %, and ${Math.round(100 * mark)} % are asked for.`;
    return { title: "Practise once more", text: `The practice images did not go well enough yet.${figures}` };
  }
  return { title: "All images are done", text: "Nothing is left for you here. What you wrote is saved; this page can be closed." };
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
