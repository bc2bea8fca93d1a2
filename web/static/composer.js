/**
 * The field beside a new box, where its phrase is typed.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {{saved: (text: string) => void, cancelled: () => void, typed: (text: string) => void}} Listener
 */

import { beside } from "./geometry.js";
import { objection, tidyText } from "./state.js";

const GAP = 8; // screen pixels between the box, the field and the edge of the stage

export class Composer {
  /** @param {HTMLFormElement} form @param {Listener} listener */
  constructor(form, listener) {
    this.form = form;
    this.field = /** @type {HTMLInputElement} */ (form.querySelector("input"));
    this.hint = /** @type {HTMLElement} */ (form.querySelector(".hint"));
    this.listener = listener;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.stopPropagation();
      listener.cancelled();
    });
    this.field.addEventListener("input", () => listener.typed(this.field.value));
    /** @type {HTMLButtonElement} */ (form.querySelector("[type=button]")).addEventListener("click", listener.cancelled);
  }

  /** @param {string} text @param {string} hint */
  open(text, hint) {
    this.form.hidden = false;
    this.field.value = text;
    this.hint.textContent = hint;
    this.hint.classList.remove("objection");
  }

  close() {
    if (this.form.hidden) return;
    this.form.hidden = true;
    this.field.value = "";
  }

  focus() {
    this.field.focus();
  }

  /** @returns {boolean} whether there was a phrase to save */
  save() {
    const sentence = objection(this.field.value);
    if (sentence) {
      this.hint.textContent = sentence;
      this.hint.classList.add("objection");
      this.focus();
      return false;
    }
    this.listener.saved(tidyText(this.field.value));
    return true;
  }

  /** Stand by a box, given in screen pixels from the corner of the stage. @param {Box} box */
  place(box) {
    const stage = /** @type {HTMLElement} */ (this.form.parentElement);
    const size = { width: this.form.offsetWidth, height: this.form.offsetHeight };
    const at = beside(box, size, { width: stage.clientWidth, height: stage.clientHeight }, GAP);
    this.form.style.left = `${at.x}px`;
    this.form.style.top = `${at.y}px`;
  }
}
