/** The dialogs: why an image is skipped, the keys, and the page in another tab. */

import { HELP } from "./keys.js";
import { objection, tidyText } from "./state.js";

const OTHER = "other";

/** @param {string} id */
function dialog(id) {
  return /** @type {HTMLDialogElement} */ (document.getElementById(id));
}

/** Ask for the reason of a skip. @param {(reason: string) => void} skip */
export function prepareSkip(skip) {
  const box = dialog("skip-dialog");
  const form = /** @type {HTMLFormElement} */ (box.querySelector("form"));
  const text = /** @type {HTMLInputElement} */ (document.getElementById("skip-text"));
  const complaint = /** @type {HTMLElement} */ (document.getElementById("skip-objection"));
  form.addEventListener("submit", (event) => {
    const chosen = String(new FormData(form).get("reason"));
    const reason = chosen === OTHER ? tidyText(text.value) : [chosen, tidyText(text.value)].filter(Boolean).join(": ");
    if (objection(reason)) {
      event.preventDefault();
      complaint.textContent = "Choose a reason, or say it in a few words.";
      text.focus();
    } else {
      skip(reason);
    }
  });
  document.getElementById("skip-cancel")?.addEventListener("click", () => box.close());
  return function open() {
    form.reset();
    complaint.textContent = "";
    box.showModal();
    text.focus();
  };
}

export function prepareKeys() {
  const box = dialog("keys-dialog");
  const rows = HELP.flatMap(([keys, meaning]) => {
    const term = document.createElement("dt");
    term.append(...keys.map((key) => element("kbd", key)));
    return [term, element("dd", meaning)];
  });
  document.getElementById("keys")?.replaceChildren(...rows);
  return () => box.showModal();
}

/**
 * Hold the page for one tab. Resolves when this one has it; another tab that takes it over is told of by `lost`.
 * Two tabs would send each other's outbox.
 *
 * @param {string} scope @param {() => void} lost @returns {Promise<void>}
 */
export async function claim(scope, lost) {
  if (!navigator.locks) return;
  const name = `vsa.page.${scope}`;
  if (await take(name, { ifAvailable: true }, lost)) return;
  const box = dialog("elsewhere");
  box.addEventListener("cancel", (event) => event.preventDefault());
  box.showModal();
  await new Promise((resolve) => box.addEventListener("close", resolve, { once: true }));
  await take(name, { steal: true }, lost);
}

/** Take the lock and keep it as long as the page lives. @param {string} name @param {LockOptions} options @param {() => void} lost @returns {Promise<boolean>} */
function take(name, options, lost) {
  return new Promise((resolve) => {
    navigator.locks
      .request(name, options, (lock) => {
        resolve(lock !== null);
        return lock ? new Promise(() => {}) : undefined;
      })
      .catch(lost);
  });
}

/** @param {string} name @param {string} text */
function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
