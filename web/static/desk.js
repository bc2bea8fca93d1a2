/**
 * The desk: the image in work, what is selected or being drawn on it, and what each gesture or key does to it.
 * It changes the image only through operations that it hands to `sync`.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./state.js").ImageState} ImageState
 * @typedef {import("./state.js").Operation} Operation
 * @typedef {import("./state.js").Phrase} Phrase
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {import("./state.js").Suggestion} Suggestion
 * @typedef {import("./drafts.js").Draft & {watch: Stopwatch}} Draft
 * @typedef {{id: PhraseId, box: Box}} Adjustment  a selected box on its way, not yet an operation
 * @typedef {{phrase: PhraseId | null, text: string, suggestion: number | null}} Purpose  what is pointed at: the corners of a
 *   phrase's box, or those of a new box with these words to begin with
 */

import * as aims from "./aim.js";
import { grow, move, pick, same } from "./geometry.js";
import { makeId } from "./server.js";
import { apply, isStep, neighbour, replay, withPhrase } from "./state.js";
import { Stopwatch } from "./stopwatch.js";

const SETTLED = 700; // milliseconds after the last arrow key until a moved box is sent
const NEW_BOX = { phrase: null, text: "", suggestion: null };

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
    /** @type {ImageState[]} the states before what was acknowledged since the image was opened */
    this.earlier = [];
    /** @type {PhraseId | null} */
    this.selected = null;
    /** @type {Draft | null} */
    this.draft = null;
    /** @type {Adjustment | null} */
    this.adjustment = null;
    /** @type {{aim: aims.Aim, purpose: Purpose} | null} */
    this.pointing = null;
    /** @type {{phrase: PhraseId, watch: Stopwatch} | null} other words being typed for a phrase */
    this.rewording = null;
    this.idle = new Stopwatch(); // since the last change
    this.timer = 0;
  }

  /** Begin with an image as the server tells it. @param {ImageState} state */
  open(state) {
    this.settle();
    this.base = state;
    this.earlier = [];
    this.selected = this.pointing = this.rewording = null;
    this.idle = new Stopwatch();
    const kept = this.drafts.of(state.image.id);
    this.draft = kept && { ...kept, watch: new Stopwatch(kept.seconds) };
    this.page.render();
  }

  /** The same image, told anew. @param {ImageState} state */
  refresh(state) {
    this.base = state;
    this.earlier = [];
    this.page.render();
  }

  close() {
    this.settle();
    this.base = this.draft = this.pointing = null;
  }

  /** The image as people should see it now. @returns {ImageState | null} */
  get state() {
    if (!this.base) return null;
    const state = replay(this.base, this.sync.outbox.operations, this.earlier);
    const { adjustment } = this;
    if (!adjustment) return state;
    const phrases = state.phrases.map((p) => (p.id === adjustment.id ? { ...p, box: adjustment.box } : p));
    return { ...state, phrases };
  }

  // Pointing at corners

  /** @param {Box} area what is seen of the photo @param {Purpose} [purpose] */
  point(area, purpose = NEW_BOX) {
    if (!this.base) return;
    this.settle();
    this.pointing = { aim: aims.begin(area), purpose };
    this.page.render();
    this.page.say(aims.wording(this.pointing.aim));
  }

  /** @param {string} letter */
  pressed(letter) {
    if (this.pointing) this.#pointed(aims.press(this.pointing.aim, letter));
  }

  /** @param {import("./geometry.js").Point} corner */
  clicked(corner) {
    if (!this.pointing || !this.base) return;
    const { width, height } = this.base.image;
    const [x, y] = [Math.min(Math.max(0, corner.x), width), Math.min(Math.max(0, corner.y), height)];
    this.#pointed(aims.choose(this.pointing.aim, { x, y }));
  }

  back() {
    if (!this.pointing) return;
    const aim = aims.back(this.pointing.aim);
    this.pointing = aim && { ...this.pointing, aim };
    this.page.render();
    this.page.say(aim ? aims.wording(aim) : "Cancelled");
  }

  /** Go on from what is pointed at so far. */
  pointedEnough() {
    if (this.pointing) this.#pointed({ aim: this.pointing.aim, box: aims.soFar(this.pointing.aim) });
  }

  /** @param {{aim: aims.Aim, box: Box | null}} after */
  #pointed({ aim, box }) {
    if (!this.pointing || !this.base) return;
    const { purpose } = this.pointing;
    if (!box) {
      this.pointing = { aim, purpose };
      this.page.render();
      return this.page.say(aims.wording(aim));
    }
    this.pointing = null;
    const inside = move(box, 0, 0, this.base.image);
    if (purpose.phrase === null) this.begin(inside, purpose.text, purpose.suggestion);
    else this.redraw(purpose.phrase, inside);
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
    this.#push({ kind: "add", text, box, seconds, ...made }, this.drafts.forgetting(image, null));
    this.page.say(`Box ${this.state?.phrases.length}: ${text}`);
  }

  cancel() {
    this.settle();
    if (this.draft || this.pointing) this.page.say("Cancelled");
    if (this.pointing) this.pointing = null;
    else if (this.draft) this.#hold(null);
    else this.selected = null;
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

  /** Other words are being typed; null: no more. @param {PhraseId} id @param {string | null} text */
  reword(id, text) {
    if (!this.base) return;
    if (text === null) {
      this.rewording = null;
      return this.drafts.forget(this.base.image.id, id);
    }
    if (this.rewording?.phrase !== id) this.rewording = { phrase: id, watch: new Stopwatch() };
    this.rewording.watch.touch();
    this.drafts.keepWords(this.base.image.id, id, text);
  }

  /** @param {PhraseId} id @param {string} text */
  edit(id, text) {
    if (!this.base) return;
    const seconds = this.rewording?.phrase === id ? { seconds: this.rewording.watch.seconds } : {};
    this.rewording = null;
    const change = { .../** @type {const} */ ({ kind: "edit", phrase: id, text }), ...seconds, ...this.#version(id) };
    this.#push(change, this.drafts.forgetting(this.base.image.id, id));
    this.page.say(`Changed to ${text}`);
  }

  /** @param {PhraseId | null} id */
  remove(id) {
    const phrase = this.state?.phrases.find((each) => each.id === id);
    if (!phrase || !this.base) return;
    this.settle();
    if (this.selected === id) this.selected = null;
    const forgetting = this.drafts.forgetting(this.base.image.id, phrase.id);
    this.#push({ kind: "delete", phrase: phrase.id, ...this.#version(phrase.id) }, forgetting);
    this.page.say(`Deleted: ${phrase.text}`);
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
    return true;
  }

  /** Make an operation of a box that was moved. */
  settle() {
    clearTimeout(this.timer);
    const { adjustment } = this;
    if (!adjustment || !this.base) return;
    this.adjustment = null;
    const before = this.state?.phrases.find(({ id }) => id === adjustment.id);
    if (!before || same(before.box, adjustment.box)) return;
    this.#push({ kind: "move", phrase: adjustment.id, box: adjustment.box, ...this.#version(adjustment.id) });
    const [x, y, width, height] = adjustment.box.map(Math.round);
    this.page.say(`Box at ${x}, ${y}, ${width} by ${height}`);
  }

  // Suggestions

  /** @param {Suggestion} suggestion @param {Box} area  what is seen of the photo */
  accept(suggestion, area) {
    const { id, box, text } = suggestion;
    if (!box) this.point(area, { phrase: null, text: text ?? "", suggestion: id });
    else if (text === null) this.begin(box, "", id);
    else {
      this.#push({ kind: "add", text, box, suggestion: id, seconds: this.idle.seconds });
      this.page.say(`Accepted: ${text}`);
    }
  }

  /** @param {Suggestion} suggestion */
  dismiss({ id, text }) {
    this.#push({ kind: "ignore", suggestion: id });
    this.page.say(text ? `Dismissed: ${text}` : "Dismissed");
  }

  /** These were on the screen. @param {number[]} suggestions */
  saw(suggestions) {
    if (this.base) this.sync.push({ op_id: makeId(), image: this.base.image.id, kind: "seen", suggestions });
  }

  // The image

  /** @param {"undo" | "redo"} kind */
  takeBack(kind) {
    this.settle();
    this.#push({ kind });
  }

  /** @param {string} [reason]  why there are fewer phrases than are asked for @returns {string} the operation's id */
  submit(reason) {
    this.settle();
    return this.#push(reason ? { kind: "submit", reason } : { kind: "submit" });
  }

  /** @param {string} reason @returns {string} the operation's id */
  skip(reason) {
    this.settle();
    this.pointing = null;
    const forgetting = this.draft ? this.drafts.forgetting(this.draft.image, null) : [];
    this.draft = null;
    return this.#push({ kind: "skip", reason }, forgetting);
  }

  // What the server says

  /** @param {import("./sync.js").News} news */
  learn({ done, states }) {
    if (!this.base) return;
    const image = this.base.image.id;
    for (const { operation, result } of done.filter(({ operation: { image: at } }) => at === image)) {
      if (isStep(operation)) this.earlier.push(this.base);
      else if (operation.kind === "undo") this.earlier.pop();
      this.base = apply(this.base, operation);
      if (result.phrase) this.#named(operation, result.phrase);
    }
    const told = states[String(image)];
    if (told) this.base = told;
    if (!this.state?.phrases.some(({ id }) => id === this.selected)) this.selected = null;
  }

  /** A phrase as the server has it now. @param {Operation} operation @param {Phrase} phrase */
  #named(operation, phrase) {
    const before = operation.kind === "add" ? operation.op_id : (operation.phrase ?? phrase.id);
    if (this.base) this.base = withPhrase(this.base, before, phrase);
    if (operation.kind !== "add") return;
    this.earlier = this.earlier.map((state) => withPhrase(state, before, { ...phrase, id: phrase.id }));
    if (this.selected === before) this.selected = phrase.id;
    if (this.adjustment?.id === before) this.adjustment.id = phrase.id;
    if (this.pointing?.purpose.phrase === before) this.pointing.purpose.phrase = phrase.id;
    if (this.rewording?.phrase === before) this.rewording.phrase = phrase.id;
    this.drafts.rename(operation.image, before, phrase.id);
  }

  /** The version that a change builds on. @param {PhraseId} id */
  #version(id) {
    const version = this.base?.phrases.find((phrase) => phrase.id === id)?.version;
    return version === undefined ? {} : { version };
  }

  /** @param {Omit<Operation, "op_id" | "image">} change @param {import("./storage.js").Change[]} [with_] @returns {string} the operation's id */
  #push(change, with_) {
    const op_id = makeId();
    if (!this.base) return op_id;
    this.sync.push({ op_id, image: this.base.image.id, ...change }, with_);
    this.idle = new Stopwatch();
    this.page.render();
    return op_id;
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
