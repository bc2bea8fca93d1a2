/**
 * The phrases of an image as a list of real text fields and buttons: what the boxes on the photo say, for everyone.
 *
 * @typedef {import("./state.js").Phrase} Phrase
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {{
 *   picked: (id: PhraseId) => void,
 *   edited: (id: PhraseId, text: string) => void,
 *   deleted: (id: PhraseId) => void,
 *   objected: (sentence: string) => void,
 *   left: () => void,
 * }} Listener
 */

import { objection, tidyText } from "./state.js";

export class List {
  /** @param {HTMLOListElement} element @param {HTMLTemplateElement} template @param {Listener} listener */
  constructor(element, template, listener) {
    this.element = element;
    this.template = template;
    this.listener = listener;
    /** @type {Map<PhraseId, Row>} */
    this.rows = new Map();
  }

  /** Rows that stay are kept as they are, so that a field being typed in is never lost. @param {Phrase[]} phrases @param {PhraseId | null} selected */
  render(phrases, selected) {
    const rows = phrases.map((phrase) => this.rows.get(phrase.id) ?? new Row(this.template, phrase, this.listener));
    this.rows = new Map(rows.map((row) => [row.id, row]));
    for (const old of [...this.element.children]) if (!rows.some(({ item }) => item === old)) old.remove();
    rows.forEach((row, at) => {
      if (this.element.children[at] !== row.item) this.element.insertBefore(row.item, this.element.children[at] ?? null);
      row.render(phrases[at], at + 1, phrases[at].id === selected);
    });
  }

  /** A phrase got its number from the server: its row stays. @param {PhraseId} before @param {PhraseId} after */
  rename(before, after) {
    const row = this.rows.get(before);
    if (!row) return;
    row.id = after;
    this.rows = new Map([...this.rows.values()].map((each) => [each.id, each]));
  }

  /** @param {PhraseId} id */
  edit(id) {
    this.rows.get(id)?.edit();
  }

  /** @param {PhraseId} id */
  reveal(id) {
    this.rows.get(id)?.item.scrollIntoView({ block: "nearest" });
  }
}

class Row {
  /** @param {HTMLTemplateElement} template @param {Phrase} phrase @param {Listener} listener */
  constructor(template, phrase, listener) {
    this.id = phrase.id;
    this.listener = listener;
    const fragment = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    this.item = /** @type {HTMLLIElement} */ (fragment.querySelector("li"));
    this.number = /** @type {HTMLButtonElement} */ (this.item.querySelector(".number"));
    this.field = /** @type {HTMLTextAreaElement} */ (this.item.querySelector("textarea"));
    this.remove = /** @type {HTMLButtonElement} */ (this.item.querySelector(".delete"));
    this.text = phrase.text;
    this.field.value = phrase.text;
    this.number.addEventListener("click", () => listener.picked(this.id));
    this.remove.addEventListener("click", () => listener.deleted(this.id));
    this.field.addEventListener("focus", () => listener.picked(this.id));
    this.field.addEventListener("blur", () => this.#save());
    this.field.addEventListener("input", () => this.#fit());
    this.field.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {Phrase} phrase @param {number} number @param {boolean} selected */
  render(phrase, number, selected) {
    if (phrase.text !== this.text) {
      if (this.field.value === this.text) this.field.value = phrase.text; // not over what is being typed
      this.text = phrase.text;
    }
    this.number.textContent = String(number);
    this.number.setAttribute("aria-label", `Select box ${number}`);
    this.number.setAttribute("aria-pressed", String(selected));
    this.field.setAttribute("aria-label", `Phrase of box ${number}`);
    this.remove.setAttribute("aria-label", `Delete box ${number}: ${phrase.text}`);
    this.item.classList.toggle("selected", selected);
    this.#fit();
  }

  edit() {
    this.field.focus();
    this.field.select();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return; // Enter that ends an input method's word is not ours
    if (event.key === "Enter") {
      event.preventDefault();
      if (this.#save() && !event.ctrlKey && !event.metaKey) this.listener.left();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.field.value = this.text;
      this.listener.left();
    }
  }

  /** @returns {boolean} whether the field holds a phrase that is kept */
  #save() {
    const sentence = objection(this.field.value);
    if (sentence) {
      this.listener.objected(sentence);
      if (tidyText(this.field.value) === "" && document.activeElement !== this.field) this.field.value = this.text;
      return false;
    }
    const text = tidyText(this.field.value);
    this.field.value = text;
    if (text !== this.text) {
      this.text = text;
      this.listener.edited(this.id, text);
    }
    return true;
  }

  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }
}
