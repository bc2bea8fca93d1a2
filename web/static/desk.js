/**
 * The desk: what is in hand on the image in work, and what gestures and keys make of it: a selected box, a new one that
 * waits for its words, corners that are pointed at. What is let go of becomes an operation.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./state.js").ImageState} ImageState
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {import("./drafts.js").Draft & {watch: Stopwatch}} Draft
 * @typedef {{id: PhraseId, box: Box}} Adjustment  a selected box on its way, not yet an operation
 */

import { grow, move, pick, same } from "./geometry.js";
import { NEW_BOX, Pointing } from "./pointing.js";
import { neighbour } from "./state.js";
import { Stopwatch } from "./stopwatch.js";
import { Work } from "./work.js";

const SETTLED = 700; // milliseconds after the last arrow key until a moved box is sent

export class Desk extends Work {
  /**
   * @param {import("./sync.js").Sync} sync
   * @param {import("./drafts.js").Drafts} drafts
   * @param {{render: () => void, say: (text: string) => void}} page
   */
  constructor(sync, drafts, page) {
    super(sync, drafts, page);
    /** @type {PhraseId | null} */
    this.selected = null;
    /** @type {Draft | null} */
    this.draft = null;
    /** @type {Adjustment | null} */
    this.adjustment = null;
    /** @type {Pointing | null} */
    this.pointing = null;
    this.timer = 0;
  }

  /** Begin with an image as the server tells it. @param {ImageState} state */
  open(state) {
    this.settle();
    this.take(state);
    this.selected = this.pointing = null;
    const kept = this.drafts.of(state.image.id);
    this.draft = kept && { ...kept, watch: new Stopwatch(kept.seconds) };
    for (const [id, box] of this.drafts.boxesOf(state.image.id)) {
      this.adjustment = { id, box }; // an earlier page had no time to send it
      this.settle();
    }
    this.page.render();
  }

  close() {
    this.settle();
    this.base = this.draft = this.pointing = null;
  }

  /** The image as people should see it now. @returns {ImageState | null} */
  get state() {
    const state = super.state;
    const { adjustment } = this;
    if (!adjustment || !state) return state;
    const phrases = state.phrases.map((p) => (p.id === adjustment.id ? { ...p, box: adjustment.box } : p));
    return { ...state, phrases };
  }

  // Pointing at corners

  /** @param {Box} area what is seen of the photo @param {import("./pointing.js").Purpose} [purpose] */
  point(area, purpose = NEW_BOX) {
    if (!this.base) return;
    this.settle();
    this.pointing = new Pointing(area, this.base.image, purpose);
    this.page.render();
    this.page.say(this.pointing.wording);
  }

  /** @param {string} letter */
  pressed(letter) {
    if (this.pointing) this.#pointed(this.pointing, this.pointing.press(letter));
  }

  /** @param {import("./geometry.js").Point} corner */
  clicked(corner) {
    if (this.pointing) this.#pointed(this.pointing, this.pointing.click(corner));
  }

  back() {
    if (!this.pointing) return;
    if (!this.pointing.back()) this.pointing = null;
    this.page.render();
    this.page.say(this.pointing?.wording ?? "Cancelled");
  }

  /** Go on from what is pointed at so far. */
  pointedEnough() {
    if (this.pointing) this.#pointed(this.pointing, this.pointing.soFar);
  }

  /** @param {Pointing} pointing @param {Box | null} box */
  #pointed(pointing, box) {
    if (!box || !this.base) {
      this.page.render();
      return this.page.say(pointing.wording);
    }
    const { phrase, text, suggestion } = pointing.purpose;
    const inside = move(box, 0, 0, this.base.image);
    if (phrase === null) this.begin(inside, text, suggestion);
    else this.redraw(phrase, inside);
  }

  // New boxes

  /** A new box; while one waits for its phrase, it takes that one's place. @param {Box} box @param {string} [text] @param {number | null} [suggestion] */
  begin(box, text, suggestion) {
    if (!this.base) return;
    this.settle();
    this.pointing = null;
    const before = this.draft;
    const image = this.base.image.id;
    const words = text || before?.text || "";
    const made = suggestion ?? before?.suggestion ?? null;
    this.#hold({ image, box, text: words, seconds: 0, suggestion: made, watch: before?.watch ?? new Stopwatch() });
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
    const { image, box, suggestion, watch } = this.draft;
    const { seconds } = watch;
    this.draft = null;
    const made = suggestion === null ? {} : { suggestion };
    this.push({ kind: "add", text, box, seconds, ...made }, this.drafts.forgetting(image, null));
    this.page.say(`Box ${this.state?.phrases.length}: ${text}`);
  }

  /** @returns {Draft | null} the new box that was given up, to be taken up again */
  cancel() {
    this.settle();
    const { draft, pointing } = this;
    if (draft || pointing) this.page.say("Cancelled");
    if (pointing) this.pointing = null;
    else if (draft) this.#hold(null);
    else this.selected = null;
    this.page.render();
    return pointing ? null : draft;
  }

  /** @param {Draft} draft */
  takeUp(draft) {
    if (draft.image !== this.base?.image.id) return;
    this.#hold(draft);
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

  /** The box under a point; there again: the one around it. @param {import("./geometry.js").Point} at */
  pick(at) {
    this.select(pick(this.state?.phrases ?? [], at, this.selected));
  }

  /** @param {1 | -1} step */
  cycle(step) {
    const phrases = this.state?.phrases ?? [];
    this.select(neighbour(phrases, this.selected, step));
    const at = phrases.findIndex(({ id }) => id === this.selected);
    if (at >= 0) this.page.say(`Box ${at + 1}: ${phrases[at].text}`);
  }

  /** The held box (draft or selected) becomes `box`; `done` when the hand lets go. @param {Box} box @param {boolean} done */
  adjust(box, done) {
    if (this.draft) this.#hold({ ...this.draft, box }, done);
    else if (this.selected !== null) this.adjustment = { id: this.selected, box };
    if (done) this.settle();
    this.page.render();
  }

  /** The box of a phrase, drawn anew. @param {PhraseId} id @param {Box} box */
  redraw(id, box) {
    this.pointing = null;
    this.selected = id;
    this.adjust(box, true);
  }

  /** One press of an arrow key. @param {"move" | "resize"} how @param {number} dx @param {number} dy @returns {boolean} whether there was a box to move */
  nudge(how, dx, dy) {
    const held = this.draft ?? this.state?.phrases.find(({ id }) => id === this.selected);
    if (!held || !this.base) return false;
    this.adjust((how === "move" ? move : grow)(held.box, dx, dy, this.base.image), false);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), SETTLED);
    if (this.draft) this.#hold(this.draft);
    else if (this.adjustment) this.drafts.keepBox(this.base.image.id, this.adjustment.id, this.adjustment.box);
    return true;
  }

  /** Make an operation of a box that was moved. */
  settle() {
    clearTimeout(this.timer);
    const { adjustment } = this;
    if (!adjustment || !this.base) return;
    this.adjustment = null;
    const before = this.state?.phrases.find(({ id }) => id === adjustment.id);
    const forgetting = this.drafts.forgettingBox(this.base.image.id, adjustment.id);
    if (!before || same(before.box, adjustment.box)) return this.drafts.write(forgetting);
    this.push({ kind: "move", phrase: adjustment.id, box: adjustment.box, ...this.version(adjustment.id) }, forgetting);
    const [x, y, width, height] = adjustment.box.map(Math.round);
    this.page.say(`Box at ${x}, ${y}, ${width} by ${height}`);
  }

  // What else the work is to do, with nothing left in hand

  /** @param {PhraseId | null} id */
  remove(id) {
    this.settle();
    if (this.selected === id) this.selected = null;
    super.remove(id);
  }

  /** @param {"undo" | "redo"} kind */
  takeBack(kind) {
    this.settle();
    super.takeBack(kind);
  }

  /** @param {string} [reason] */
  submit(reason) {
    this.settle();
    return super.submit(reason);
  }

  /** @param {string} reason */
  skip(reason) {
    this.settle();
    this.pointing = this.draft = null; // its words stay, for the case that the skip is undone
    return super.skip(reason);
  }

  /** @param {import("./state.js").Suggestion} suggestion @param {Box} area  what is seen of the photo */
  accept({ id, box, text }, area) {
    if (!box) this.point(area, { phrase: null, text: text ?? "", suggestion: id });
    else if (text === null) this.begin(box, "", id);
    else {
      this.push({ kind: "add", text, box, suggestion: id, seconds: this.idle.seconds });
      this.page.say(`Accepted: ${text}`);
    }
  }

  /** @param {import("./sync.js").News} news */
  learn(news) {
    super.learn(news);
    if (!this.state?.phrases.some(({ id }) => id === this.selected)) this.selected = null;
  }

  /** @param {PhraseId} before @param {import("./state.js").Phrase} phrase */
  named(before, phrase) {
    super.named(before, phrase);
    if (this.selected === before) this.selected = phrase.id;
    if (this.adjustment?.id === before) this.adjustment.id = phrase.id;
    if (this.pointing?.purpose.phrase === before) this.pointing.purpose.phrase = phrase.id;
  }

  /** @param {Draft | null} draft @param {boolean} [keep]  not for each step of a hand that moves */
  #hold(draft, keep = true) {
    const image = this.base?.image.id;
    this.draft = draft;
    if (!keep) return;
    if (!draft) return void (image && this.drafts.forget(image, null));
    const { watch, ...kept } = draft;
    kept.seconds = watch.seconds;
    this.drafts.keep(kept);
  }
}
