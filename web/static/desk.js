/**
 * The desk: the image in work, what is selected or being drawn on it, and what each gesture or key does to it.
 * It changes the image only through operations that it hands to `sync`.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./state.js").ImageState} ImageState
 * @typedef {import("./state.js").Operation} Operation
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {{image: number, box: Box, text: string, since: number}} Draft
 * @typedef {{id: PhraseId, box: Box}} Adjustment  a selected box on its way, not yet an operation
 */

import { grow, move, same, starting } from "./geometry.js";
import { neighbour, replay } from "./state.js";

const SETTLED = 700; // milliseconds after the last arrow key until a moved box is sent

export class Desk {
  /**
   * @param {import("./sync.js").Sync} sync
   * @param {import("./drafts.js").Drafts} drafts
   * @param {{render: () => void, say: (text: string) => void}} page
   */
  constructor(sync, drafts, page) {
    this.sync = sync;
    this.drafts = drafts;
    this.page = page;
    /** @type {ImageState | null} */
    this.base = null;
    /** @type {PhraseId | null} */
    this.selected = null;
    /** @type {Draft | null} */
    this.draft = null;
    /** @type {Adjustment | null} */
    this.adjustment = null;
    this.timer = 0;
  }

  /** Begin with an image as the server tells it. @param {ImageState} state */
  open(state) {
    this.settle();
    this.base = state;
    this.selected = null;
    const kept = this.drafts.of(state.image.id);
    this.draft = kept && { ...kept, since: performance.now() };
    this.page.render();
  }

  /** The image as people should see it now. @returns {ImageState | null} */
  get state() {
    if (!this.base) return null;
    const state = replay(this.base, this.sync.outbox.operations);
    const { adjustment } = this;
    if (!adjustment) return state;
    const phrases = state.phrases.map((p) => (p.id === adjustment.id ? { ...p, box: adjustment.box } : p));
    return { ...state, phrases };
  }

  // New boxes

  /** A box was drawn; while one waits for its phrase, it takes that one's place. @param {Box} [box] */
  begin(box) {
    if (!this.base) return;
    this.settle();
    const { text = "", since = performance.now() } = this.draft ?? {};
    this.#hold({ image: this.base.image.id, box: box ?? starting(this.base.image), text, since });
    this.selected = null;
    this.page.render();
  }

  /** @param {string} text */
  typed(text) {
    if (this.draft) this.#hold({ ...this.draft, text });
  }

  /** @param {string} text */
  save(text) {
    if (!this.draft) return;
    const { box, since } = this.draft;
    const seconds = Math.round((performance.now() - since) / 100) / 10;
    this.#hold(null);
    this.#push({ kind: "add", text, box, seconds });
    this.page.say(`Box ${this.state?.phrases.length}: ${text}`);
  }

  cancel() {
    this.settle();
    if (this.draft) {
      this.#hold(null);
      this.page.say("Cancelled");
    }
    this.selected = null;
    this.page.render();
  }

  // Boxes that are there

  /** @param {PhraseId | null} id */
  select(id) {
    if (id === this.selected) return;
    this.settle();
    this.selected = id;
    this.page.render();
  }

  /** @param {1 | -1} step */
  cycle(step) {
    const phrases = this.state?.phrases ?? [];
    this.select(neighbour(phrases, this.selected, step));
    const at = phrases.findIndex(({ id }) => id === this.selected);
    if (at >= 0) this.page.say(`Box ${at + 1}: ${phrases[at].text}`);
  }

  /** @param {PhraseId} id @param {string} text */
  edit(id, text) {
    this.#push({ kind: "edit", phrase: id, text });
    this.page.say(`Changed to ${text}`);
  }

  /** @param {PhraseId | null} id */
  remove(id) {
    const phrase = this.state?.phrases.find((each) => each.id === id);
    if (!phrase) return;
    this.settle();
    if (this.selected === id) this.selected = null;
    this.#push({ kind: "delete", phrase: phrase.id });
    this.page.say(`Deleted: ${phrase.text}`);
  }

  /** The held box (draft or selected) becomes `box`; `done` when the hand lets go. @param {Box} box @param {boolean} done */
  adjust(box, done) {
    if (this.draft) this.#hold({ ...this.draft, box });
    else if (this.selected !== null) this.adjustment = { id: this.selected, box };
    if (done) this.settle();
    this.page.render();
  }

  /** One press of an arrow key. @param {"move" | "resize"} how @param {number} dx @param {number} dy @returns {boolean} whether there was a box to move */
  nudge(how, dx, dy) {
    const held = this.draft ?? this.state?.phrases.find(({ id }) => id === this.selected);
    if (!held || !this.base) return false;
    this.adjust((how === "move" ? move : grow)(held.box, dx, dy, this.base.image), false);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), SETTLED);
    return true;
  }

  /** Make an operation of a box that was moved. */
  settle() {
    clearTimeout(this.timer);
    const { adjustment } = this;
    if (!adjustment || !this.base) return;
    const before = replay(this.base, this.sync.outbox.operations).phrases.find(({ id }) => id === adjustment.id);
    this.adjustment = null;
    if (before && !same(before.box, adjustment.box)) {
      this.#push({ kind: "move", phrase: adjustment.id, box: adjustment.box });
    }
  }

  // The image

  undo() {
    this.settle();
    this.#push({ kind: "undo" });
  }

  submit() {
    this.settle();
    this.#push({ kind: "submit" });
  }

  /** @param {string} reason */
  skip(reason) {
    this.settle();
    this.#hold(null);
    this.#push({ kind: "skip", reason });
  }

  // What the server says

  /** @param {Operation} operation @param {{phrase?: PhraseId | null, state: ImageState}} body */
  acknowledged(operation, body) {
    if (operation.kind === "add" && body.phrase != null) {
      if (this.selected === operation.op_id) this.selected = body.phrase;
      if (this.adjustment?.id === operation.op_id) this.adjustment.id = body.phrase;
    }
    if (body.state.image.id === this.base?.image.id) this.base = body.state;
    if (!this.state?.phrases.some(({ id }) => id === this.selected)) this.selected = null;
    this.page.render();
  }

  /** @param {Omit<Operation, "op_id" | "image">} change */
  #push(change) {
    if (!this.base) return;
    this.sync.push({ op_id: crypto.randomUUID(), image: this.base.image.id, ...change });
    this.page.render();
  }

  /** @param {Draft | null} draft */
  #hold(draft) {
    this.draft = draft;
    if (draft) this.drafts.keep(draft);
    else this.drafts.forget();
  }
}
