/**
 * A machine's boxes and phrases, offered under the list: the digits of those on the photo, and what they say. Whatever
 * comes on the screen is told, so that agreement can be computed without the phrases that a machine may have led to.
 *
 * @typedef {import("./state.js").Suggestion} Suggestion
 * @typedef {import("./state.js").Suggestions} Offer
 * @typedef {{
 *   asked: () => void, accepted: (suggestion: Suggestion) => void, dismissed: (suggestion: Suggestion) => void,
 *   seen: (ids: number[]) => void,
 * }} Listener
 */

import { fill } from "./slots.js";
import { group } from "./state.js";

export class SuggestionPanel {
  /** @param {HTMLElement} section @param {HTMLTemplateElement} template @param {Listener} listener */
  constructor(section, template, listener) {
    this.section = section;
    this.template = template;
    this.listener = listener;
    this.ask = /** @type {HTMLButtonElement} */ (section.querySelector(".ask"));
    this.list = /** @type {HTMLElement} */ (section.querySelector("ol"));
    this.rest = /** @type {HTMLElement} */ (section.querySelector(".rest"));
    this.ask.addEventListener("click", () => listener.asked());
    /** @type {Offer | null} */
    this.offer = null;
    /** @type {import("./slots.js").Slots} */
    this.slots = [];
    /** @type {Set<number>} those that were told as seen */
    this.told = new Set();
    this.shown = ""; // what the last rendering said
  }

  /** Another image. @param {Offer | null} offer */
  open(offer) {
    this.slots = [];
    this.told = new Set();
    this.shown = "";
    this.offer = offer;
  }

  /** @param {Offer | null} offer @param {boolean} hidden  the boxes are hidden, and so are these */
  render(offer, hidden) {
    this.offer = offer;
    const [boxes, phrases] = [offer?.boxes ?? 0, offer?.phrases ?? 0];
    this.section.hidden = !offer || (boxes === 0 && phrases === 0 && offer.list.length === 0);
    if (!offer || this.section.hidden) return;
    this.ask.hidden = offer.asked;
    this.ask.querySelector("span")?.replaceChildren(`Show ${countOf(boxes, phrases)}`);
    this.slots = offer.asked ? fill(this.slots, offer.list) : [];
    const open = this.visible;
    const shown = JSON.stringify([open.map(({ slot, suggestion }) => [slot, suggestion.id]), hidden]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.list.replaceChildren(...(hidden ? [] : open.map(({ slot, suggestion }) => this.#row(slot, suggestion))));
    this.rest.hidden = !offer.asked;
    this.rest.textContent = hidden ? "Hidden with the boxes." : restOf(offer, open.length);
    if (!hidden) this.#tell(open.map(({ suggestion }) => suggestion));
  }

  /** What is on the screen, by its digit. @returns {{slot: number, suggestion: Suggestion}[]} */
  get visible() {
    return this.slots.flatMap((id, at) => {
      const suggestion = this.offer?.list.find((each) => each.id === id);
      return suggestion ? [{ slot: at + 1, suggestion }] : [];
    });
  }

  /** @param {number} slot @returns {Suggestion | null} */
  at(slot) {
    return this.visible.find((each) => each.slot === slot)?.suggestion ?? null;
  }

  /** @param {Suggestion[]} suggestions */
  #tell(suggestions) {
    const fresh = suggestions.filter(({ id, exposure }) => exposure === "offered" && !this.told.has(id)).map(({ id }) => id);
    if (fresh.length === 0) return;
    for (const id of fresh) this.told.add(id);
    this.listener.seen(fresh);
  }

  /** @param {number} slot @param {Suggestion} suggestion */
  #row(slot, suggestion) {
    const fragment = /** @type {DocumentFragment} */ (this.template.content.cloneNode(true));
    const [accept, dismiss] = fragment.querySelectorAll("button");
    const words = suggestion.text ?? "a box";
    accept.querySelector("kbd")?.replaceChildren(String(slot));
    accept.querySelector("span")?.replaceChildren(suggestion.box ? words : `${words} (whole photo)`);
    dismiss.setAttribute("aria-label", `Dismiss suggestion ${slot}: ${words}`);
    accept.addEventListener("click", () => this.listener.accepted(suggestion));
    dismiss.addEventListener("click", () => this.listener.dismissed(suggestion));
    return fragment;
  }
}

/** @param {number} boxes @param {number} phrases */
function countOf(boxes, phrases) {
  const parts = [];
  if (boxes) parts.push(`${group(boxes)} suggested ${boxes === 1 ? "box" : "boxes"}`);
  if (phrases) parts.push(`${group(phrases)} suggested ${phrases === 1 ? "phrase" : "phrases"}`);
  return parts.join(", ");
}

/** @param {Offer} offer @param {number} shown */
function restOf({ list }, shown) {
  const waiting = list.filter(({ exposure, phrase }) => phrase === null && exposure !== "ignored").length - shown;
  if (waiting > 0) return `${group(waiting)} more come as these are used or dismissed.`;
  return shown === 0 ? "None is left." : "";
}
