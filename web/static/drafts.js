/**
 * What is no operation yet, kept with each key so that a closed tab loses none: a new box with the words typed for it,
 * other words for a phrase, and a box that arrow keys are moving.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {{image: number, box: Box, text: string, seconds: number, suggestion: number | null}} Draft
 * @typedef {import("./storage.js").Change} Change
 * @typedef {"new" | "words" | "box"} What
 * @typedef {{key: string, scope: string, image: number, what: What, phrase: PhraseId | null, value: any}} Kept
 */

export class Drafts {
  /** @param {import("./storage.js").Storage} storage @param {string} scope */
  constructor(storage, scope) {
    this.storage = storage;
    this.scope = scope;
    /** @type {Map<string, Kept>} */
    this.kept = new Map();
  }

  async load() {
    const found = (await this.storage.load("drafts")).filter((each) => each?.scope === this.scope);
    this.kept = new Map(found.map((each) => [each.key, each]));
  }

  /** The new box of an image. @param {Draft} draft */
  keep(draft) {
    this.#put(draft.image, "new", null, draft);
  }

  /** Other words that are not saved yet. @param {number} image @param {PhraseId} phrase @param {string} text */
  keepWords(image, phrase, text) {
    this.#put(image, "words", phrase, text);
  }

  /** A box on its way. @param {number} image @param {PhraseId} phrase @param {Box} box */
  keepBox(image, phrase, box) {
    this.#put(image, "box", phrase, box);
  }

  /** The new box that was left on an image. @param {number} image @returns {Draft | null} */
  of(image) {
    return this.kept.get(this.#key(image, "new", null))?.value ?? null;
  }

  /** Words that were left in the fields of an image. @param {number} image @returns {[PhraseId, string][]} */
  wordsOf(image) {
    return this.#all(image, "words");
  }

  /** Boxes that were left on their way. @param {number} image @returns {[PhraseId, Box][]} */
  boxesOf(image) {
    return this.#all(image, "box");
  }

  /** @param {number} image @param {PhraseId | null} phrase  null: the new box's */
  forget(image, phrase) {
    this.write(this.forgetting(image, phrase));
  }

  /** Words are forgotten in the write that keeps their operation, not before. @param {number} image @param {PhraseId | null} phrase @returns {Change[]} */
  forgetting(image, phrase) {
    return this.#forgetting(image, phrase === null ? "new" : "words", phrase);
  }

  /** The same of a box on its way. @param {number} image @param {PhraseId} phrase @returns {Change[]} */
  forgettingBox(image, phrase) {
    return this.#forgetting(image, "box", phrase);
  }

  /** @param {Change[]} changes */
  write(changes) {
    if (changes.length) this.storage.write(changes);
  }

  /** The server gave a phrase its number. @param {number} image @param {PhraseId} before @param {PhraseId} after */
  rename(image, before, after) {
    for (const what of /** @type {What[]} */ (["words", "box"])) {
      const kept = this.kept.get(this.#key(image, what, before));
      if (!kept || before === after) continue;
      this.write(this.#forgetting(image, what, before));
      this.#put(image, what, after, kept.value);
    }
  }

  /** @param {number} image @param {What} what @param {PhraseId | null} phrase @param {any} value */
  #put(image, what, phrase, value) {
    const kept = { key: this.#key(image, what, phrase), scope: this.scope, image, what, phrase, value };
    this.kept.set(kept.key, kept);
    this.storage.write([{ shelf: "drafts", put: kept }]);
  }

  /** @param {number} image @param {What} what @returns {[PhraseId, any][]} */
  #all(image, what) {
    const here = [...this.kept.values()].filter((each) => each.image === image && each.what === what);
    return here.map(({ phrase, value }) => [/** @type {PhraseId} */ (phrase), value]);
  }

  /** @param {number} image @param {What} what @param {PhraseId | null} phrase @returns {Change[]} */
  #forgetting(image, what, phrase) {
    const key = this.#key(image, what, phrase);
    return this.kept.delete(key) ? [{ shelf: "drafts", remove: key }] : [];
  }

  /** @param {number} image @param {What} what @param {PhraseId | null} phrase */
  #key(image, what, phrase) {
    return `${this.scope}/${image}/${what}/${phrase ?? ""}`;
  }
}
