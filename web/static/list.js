/**
 * The phrases of an image as a list of real text fields and buttons: what the boxes on the photo say, for everyone.
 *
 * @typedef {import("./state.js").Phrase} Phrase
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {{
 *   picked: (id: PhraseId) => void,
 *   typed: (id: PhraseId, text: string | null) => void,
 *   edited: (id: PhraseId, text: string) => void,
 *   deleted: (id: PhraseId) => void,
 *   zoomed: (id: PhraseId) => void,
 *   pointed: (id: PhraseId) => void,
 *   objected: (sentence: string) => void,
 *   left: () => void,
 * }} Listener  `typed`: null where nothing is unsaved any more; `pointed`: its corners are to be pointed at again
 */

import { objection, tidyText } from "./state.js";

const AT_ONCE = 40; // rows that are made before the boxes are painted; more than a screen shows
const SIZES_ITSELF = CSS.supports("field-sizing", "content");

export class List {
  /** @param {HTMLOListElement} element @param {HTMLTemplateElement} template @param {Listener} listener */
  constructor(element, template, listener) {
    this.element = element;
    this.template = template;
    this.listener = listener;
    /** @type {Map<PhraseId, Row>} */
    this.rows = new Map();
    this.waiting = () => {}; // what makes the rest of the rows
  }

  /** Rows that stay are kept as they are, so that a field being typed in is never lost. @param {Phrase[]} phrases @param {PhraseId | null} selected */
  render(phrases, selected) {
    const made = phrases.filter(({ id }) => this.rows.has(id)).length;
    this.waiting = () => {};
    if (phrases.length - made <= AT_ONCE) return this.#render(phrases, selected);
    this.#render(phrases.slice(0, AT_ONCE), selected);
    const rest = () => this.waiting === rest && this.#render(phrases, selected);
    this.waiting = rest;
    requestAnimationFrame(() => setTimeout(rest)); // when the boxes are seen
  }

  /** @param {Phrase[]} phrases @param {PhraseId | null} selected */
  #render(phrases, selected) {
    this.waiting = () => {};
    const before = this.rows;
    this.rows = new Map(phrases.map((phrase) => [phrase.id, before.get(phrase.id) ?? new Row(this.template, phrase, this.listener)]));
    for (const [id, row] of before) if (!this.rows.has(id)) row.item.remove();
    phrases.forEach((phrase, at) => {
      const { item } = /** @type {Row} */ (this.rows.get(phrase.id));
      if (this.element.children[at] !== item) this.element.insertBefore(item, this.element.children[at] ?? null);
      this.rows.get(phrase.id)?.render(phrase, at + 1, phrase.id === selected);
    });
  }

  /** A phrase got its number from the server: its row stays. @param {PhraseId} before @param {PhraseId} after */
  rename(before, after) {
    const row = this.#row(before);
    if (!row || before === after) return;
    row.id = after;
    this.rows = new Map([...this.rows.values()].map((each) => [each.id, each]));
  }

  /** Words that an earlier page left unsaved. @param {PhraseId} id @param {string} text */
  restore(id, text) {
    this.#row(id)?.restore(text);
  }

  /** @param {PhraseId} id */
  edit(id) {
    this.#row(id)?.edit();
  }

  /** @param {PhraseId} id */
  reveal(id) {
    this.#row(id)?.item.scrollIntoView({ block: "nearest" });
  }

  /** @param {PhraseId} id */
  #row(id) {
    if (!this.rows.has(id)) this.waiting();
    return this.rows.get(id);
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
    this.verdict = /** @type {HTMLElement} */ (this.item.querySelector(".verdict"));
    this.tools = /** @type {HTMLElement} */ (this.item.querySelector(".row-tools"));
    this.text = phrase.text;
    this.shown = ""; // what the last rendering said, so that the same is not said again
    this.field.value = phrase.text;
    this.number.addEventListener("click", () => listener.picked(this.id));
    this.remove.addEventListener("click", () => listener.deleted(this.id));
    this.item.querySelector(".to-zoom")?.addEventListener("click", () => listener.zoomed(this.id));
    this.item.querySelector(".to-point")?.addEventListener("click", () => listener.pointed(this.id));
    this.field.addEventListener("focus", () => listener.picked(this.id));
    this.field.addEventListener("blur", () => this.#save());
    this.field.addEventListener("input", () => this.#typed());
    this.field.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {Phrase} phrase @param {number} number @param {boolean} selected */
  render(phrase, number, selected) {
    const verdict = verdictOf(phrase);
    const shown = JSON.stringify([phrase.text, number, selected, verdict]);
    if (shown === this.shown) return;
    this.shown = shown;
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
    this.tools.hidden = !selected;
    this.verdict.hidden = verdict === "";
    this.verdict.textContent = verdict;
    this.#fit();
  }

  edit() {
    this.field.focus();
    this.field.select();
  }

  /** @param {string} text */
  restore(text) {
    this.field.value = text;
    this.#fit();
  }

  #typed() {
    this.listener.typed(this.id, this.field.value === this.text ? null : this.field.value);
    this.#fit();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return; // Enter that ends an input method's word is not ours
    if (event.key === "Enter") {
      event.preventDefault();
      if (this.#save() && !event.ctrlKey && !event.metaKey) this.listener.left();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.#giveUp();
      this.listener.left();
    }
  }

  /** @returns {boolean} whether the field holds a phrase that is kept */
  #save() {
    const sentence = objection(this.field.value);
    if (sentence) {
      this.listener.objected(sentence);
      if (tidyText(this.field.value) === "" && document.activeElement !== this.field) this.#giveUp();
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

  #giveUp() {
    this.field.value = this.text;
    this.listener.typed(this.id, null);
    this.#fit();
  }

  #fit() {
    if (SIZES_ITSELF) return;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }
}

/** What a reviewer said of a phrase. @param {Phrase} phrase */
function verdictOf({ state, reason }) {
  if (state === "accepted") return "accepted";
  return state === "rejected" ? `rejected: ${reason ?? ""}` : "";
}
