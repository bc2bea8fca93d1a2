/**
 * Corners that are being pointed at, letter by letter or click by click, and what they are for.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {{phrase: PhraseId | null, text: string, suggestion: number | null}} Purpose  the corners of a phrase's box, or
 *   those of a new box with these words to begin with
 */

import * as aims from "./aim.js";

/** @type {Purpose} */
export const NEW_BOX = { phrase: null, text: "", suggestion: null };

export class Pointing {
  /** @param {Box} area what is seen of the photo @param {import("./geometry.js").Size} size @param {Purpose} purpose */
  constructor(area, size, purpose) {
    this.size = size;
    this.purpose = { ...purpose };
    this.aim = aims.begin(area);
  }

  /** What the next letter is for. */
  get wording() {
    return aims.wording(this.aim);
  }

  /** @param {string} letter @returns {Box | null} the box, once both corners are there */
  press(letter) {
    return this.#become(aims.press(this.aim, letter));
  }

  /** @param {import("./geometry.js").Point} corner @returns {Box | null} */
  click({ x, y }) {
    const { width, height } = this.size;
    return this.#become(aims.choose(this.aim, { x: Math.min(Math.max(0, x), width), y: Math.min(Math.max(0, y), height) }));
  }

  /** One letter or click less. @returns {boolean} whether there was one */
  back() {
    const before = aims.back(this.aim);
    if (before) this.aim = before;
    return before !== null;
  }

  /** The box as far as it is known. @returns {Box} */
  get soFar() {
    return aims.soFar(this.aim);
  }

  /** @param {{aim: aims.Aim, box: Box | null}} after */
  #become({ aim, box }) {
    this.aim = aim;
    return box;
  }
}
