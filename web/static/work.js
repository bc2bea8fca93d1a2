/**
 * The image in work: how it stands, as far as this page knows, and the operations that change it. They are handed to
 * `sync`; what the server says of them is learnt here.
 *
 * @typedef {import("./state.js").ImageState} ImageState
 * @typedef {import("./state.js").Operation} Operation
 * @typedef {import("./state.js").Phrase} Phrase
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {import("./storage.js").Change} Kept
 * @typedef {Omit<Operation, "op_id" | "image">} Act  an operation without its id and image
 */

import { makeId } from "./server.js";
import { apply, isStep, replay, withPhrase } from "./state.js";
import { Stopwatch } from "./stopwatch.js";

export class Work {
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
    /** @type {{phrase: PhraseId, watch: Stopwatch} | null} other words being typed for a phrase */
    this.rewording = null;
    this.idle = new Stopwatch(); // since the last change
  }

  /** The image as the server tells it, another one or the same anew. @param {ImageState} state */
  take(state) {
    this.base = state;
    this.earlier = [];
    this.rewording = null;
    this.idle = new Stopwatch();
  }

  /** The same image, told anew. @param {ImageState} state */
  refresh(state) {
    this.take(state);
    this.page.render();
  }

  /** The image with all that waits to be sent. @returns {ImageState | null} */
  get state() {
    return this.base && replay(this.base, this.sync.outbox.operations, this.earlier);
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
    const forgetting = this.drafts.forgetting(this.base.image.id, id);
    this.push({ kind: "edit", phrase: id, text, ...seconds, ...this.version(id) }, forgetting);
    this.page.say(`Changed to ${text}`);
  }

  /** @param {PhraseId | null} id */
  remove(id) {
    const phrase = this.state?.phrases.find((each) => each.id === id);
    if (!phrase || !this.base) return;
    const forgetting = this.drafts.forgetting(this.base.image.id, phrase.id);
    this.push({ kind: "delete", phrase: phrase.id, ...this.version(phrase.id) }, forgetting);
    this.page.say(`Deleted: ${phrase.text}`);
  }

  /** @param {import("./state.js").Suggestion} suggestion */
  dismiss({ id, text }) {
    this.push({ kind: "ignore", suggestion: id });
    this.page.say(text ? `Dismissed: ${text}` : "Dismissed");
  }

  /** These were on the screen. @param {number[]} suggestions */
  saw(suggestions) {
    if (this.base) this.sync.push({ op_id: makeId(), image: this.base.image.id, kind: "seen", suggestions });
  }

  /** @param {"undo" | "redo"} kind */
  takeBack(kind) {
    this.push({ kind });
  }

  /** @param {string} [reason]  why there are fewer phrases than are asked for @returns {string} the operation's id */
  submit(reason) {
    return this.push(reason ? { kind: "submit", reason } : { kind: "submit" });
  }

  /** @param {string} reason @returns {string} the operation's id */
  skip(reason) {
    return this.push({ kind: "skip", reason });
  }

  /** @param {Act} act @param {Kept[]} [with_]  what is kept or forgotten in the same write @returns {string} the operation's id */
  push(act, with_) {
    const op_id = makeId();
    if (!this.base) return op_id;
    this.sync.push({ op_id, image: this.base.image.id, ...act }, with_);
    this.idle = new Stopwatch();
    this.page.render();
    return op_id;
  }

  /** The version that a change builds on. @param {PhraseId} id */
  version(id) {
    const version = this.base?.phrases.find((phrase) => phrase.id === id)?.version;
    return version === undefined ? {} : { version };
  }

  /** What came of operations. @param {import("./sync.js").News} news */
  learn({ done, states }) {
    if (!this.base) return;
    const image = this.base.image.id;
    for (const { operation, result } of done.filter(({ operation: { image: at } }) => at === image)) {
      if (isStep(operation)) this.earlier.push(this.base);
      else if (operation.kind === "undo") this.earlier.pop();
      this.base = apply(this.base, operation);
      if (!result.phrase) continue;
      const before = operation.kind === "add" ? operation.op_id : (operation.phrase ?? result.phrase.id);
      this.base = withPhrase(this.base, before, result.phrase);
      if (operation.kind === "add") this.named(before, result.phrase);
    }
    this.base = states[String(image)] ?? this.base;
  }

  /** The server gave a new phrase its number. @param {PhraseId} before @param {Phrase} phrase */
  named(before, phrase) {
    this.earlier = this.earlier.map((state) => withPhrase(state, before, phrase));
    if (this.rewording?.phrase === before) this.rewording.phrase = phrase.id;
    if (this.base) this.drafts.rename(this.base.image.id, before, phrase.id);
  }
}
