/** The dialogs: a reason, the guidelines, the keys, and the page in another tab. */

import { HELP } from "./keys.js";
import { objection, tidyText } from "./state.js";

const OTHER = "other";

/** @param {string} id */
function dialog(id) {
  return /** @type {HTMLDialogElement} */ (document.getElementById(id));
}

/** Ask for a reason: `skip` or `few`, the names of two dialogs that are made alike. @param {"skip" | "few"} name @param {(reason: string) => void} given */
export function prepareReason(name, given) {
  const box = dialog(`${name}-dialog`);
  const form = /** @type {HTMLFormElement} */ (box.querySelector("form"));
  const text = /** @type {HTMLInputElement} */ (document.getElementById(`${name}-text`));
  const complaint = /** @type {HTMLElement} */ (document.getElementById(`${name}-objection`));
  form.addEventListener("submit", (event) => {
    const chosen = String(new FormData(form).get("reason"));
    const reason = chosen === OTHER ? tidyText(text.value) : [chosen, tidyText(text.value)].filter(Boolean).join(": ");
    if (objection(reason)) {
      event.preventDefault();
      complaint.textContent = "Choose a reason, or say it in a few words.";
      text.focus();
    } else {
      given(reason);
    }
  });
  document.getElementById(`${name}-cancel`)?.addEventListener("click", () => box.close());
  return function open() {
    form.reset();
    complaint.textContent = "";
    box.showModal();
    text.focus();
  };
}

/** Whether single letters are commands wherever the focus is, or only on the photo: people who speak to their computer need the latter. */
export class SingleKeys {
  /** @param {Pick<globalThis.Storage, "getItem" | "setItem">} storage */
  constructor(storage) {
    this.storage = storage;
    this.everywhere = storage.getItem("vsa.keys") !== "photo";
  }

  /** @param {boolean} everywhere */
  become(everywhere) {
    this.everywhere = everywhere;
    this.storage.setItem("vsa.keys", everywhere ? "everywhere" : "photo");
  }
}

/** @param {SingleKeys} single */
export function prepareKeys(single) {
  const box = dialog("keys-dialog");
  const parts = HELP.flatMap(([heading, rows]) => {
    const list = document.createElement("dl");
    for (const [keys, meaning] of rows) {
      const term = document.createElement("dt");
      term.append(...keys.map((key) => element("kbd", key)));
      list.append(term, element("dd", meaning));
    }
    return [element("h3", heading), list];
  });
  document.getElementById("keys")?.replaceChildren(...parts);
  const choice = /** @type {HTMLInputElement} */ (document.getElementById("single-keys"));
  choice.checked = single.everywhere;
  choice.addEventListener("change", () => single.become(choice.checked));
  return () => box.showModal();
}

/** What the campaign asks for; opens by itself when it was not read yet. @param {string} text @param {string} scope */
export function prepareGuidelines(text, scope) {
  const box = dialog("guidelines-dialog");
  const key = `vsa.guidelines.${scope}`;
  const place = /** @type {HTMLElement} */ (document.getElementById("guidelines-text"));
  place.textContent = text;
  const open = () => {
    box.showModal();
    localStorage.setItem(key, String(text.length));
  };
  return { open, isNew: () => localStorage.getItem(key) !== String(text.length) };
}

/**
 * Hold the page for one tab. Resolves when this one has it; another tab that takes it over is told of by `lost`.
 * Two tabs would send each other's outbox, harmlessly, but would also type over each other's drafts.
 *
 * @param {string} scope @param {() => void} lost @returns {Promise<void>}
 */
export async function claim(scope, lost) {
  if (!navigator.locks) return; // without https
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
