/** Coming in again where a session has ended, without leaving the page and what is on it. */

import { signIn } from "./server.js";

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** The token in what a person pastes: a whole address, what stands behind its # or ?token=, or the token alone. @param {string} pasted */
export function tokenIn(pasted) {
  const text = pasted.trim();
  return /[?&]token=([^&#\s]+)/.exec(text)?.[1] ?? /#(\S+)$/.exec(text)?.[1] ?? text;
}

/**
 * @param {string} scope  whose page this is
 * @param {() => void} again  the same person is back
 * @returns {(sentence: string) => void} opens the dialog
 */
export function prepareSignIn(scope, again) {
  const dialog = /** @type {HTMLDialogElement} */ (part("signin-dialog"));
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  const field = /** @type {HTMLInputElement} */ (part("signin-token"));
  const objection = part("signin-objection");
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    objection.textContent = "";
    const { status, body } = await signIn(tokenIn(field.value));
    if (status !== 200) {
      objection.textContent = body?.error ?? "The server does not answer. Try again in a moment.";
      field.focus();
    } else if (body.scope !== scope) {
      objection.textContent = `That link is ${body.annotator.name}'s, and this page is not: what is kept here is sent for its own person only.`;
    } else {
      dialog.close();
      field.value = "";
      again();
    }
  });
  return (sentence) => {
    part("signin-why").textContent = sentence;
    if (!dialog.open) dialog.showModal();
  };
}
