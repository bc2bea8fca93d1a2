/**
 * Phrases that are still being typed, kept with each key so that a closed tab loses none: the one of a new box, and other
 * words for boxes that are there.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {{image: number, box: Box, text: string, seconds: number, suggestion: number | null}} Draft
 * @typedef {{key: string, scope: string, image: number, phrase: PhraseId | null, draft: Draft | null, text: string}} Kept
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
    this.#put({ key: this.#key(draft.image, null), scope: this.scope, image: draft.image, phrase: null, draft, text: draft.text });
  }

  /** Other words that are not saved yet. @param {number} image @param {PhraseId} phrase @param {string} text */
  keepWords(image, phrase, text) {
    this.#put({ key: this.#key(image, phrase), scope: this.scope, image, phrase, draft: null, text });
  }

  /** @param {number} image @param {PhraseId | null} phrase  null: the new box's */
  forget(image, phrase) {
    const gone = this.forgetting(image, phrase);
    if (gone.length) this.storage.write(gone);
  }

  /** The same as a change for somebody else's write: the draft goes when its operation is kept, not before. @param {number} image @param {PhraseId | null} phrase @returns {import("./storage.js").Change[]} */
  forgetting(image, phrase) {
    const key = this.#key(image, phrase);
    return this.kept.delete(key) ? [{ shelf: "drafts", remove: key }] : [];
  }

  /** The new box that was left on an image. @param {number} image @returns {Draft | null} */
  of(image) {
    return this.kept.get(this.#key(image, null))?.draft ?? null;
  }

  /** Words that were left in the fields of an image: phrase and text. @param {number} image @returns {[PhraseId, string][]} */
  wordsOf(image) {
    const here = [...this.kept.values()].filter((each) => each.image === image && each.phrase !== null);
    return here.map(({ phrase, text }) => [/** @type {PhraseId} */ (phrase), text]);
  }

  /** The server gave a phrase its number. @param {number} image @param {PhraseId} before @param {PhraseId} after */
  rename(image, before, after) {
    const kept = this.kept.get(this.#key(image, before));
    if (!kept || before === after) return;
    this.forget(image, before);
    this.keepWords(image, after, kept.text);
  }

  /** @param {Kept} kept */
  #put(kept) {
    this.kept.set(kept.key, kept);
    this.storage.write([{ shelf: "drafts", put: kept }]);
  }

  /** @param {number} image @param {PhraseId | null} phrase */
  #key(image, phrase) {
    return `${this.scope}/${image}/${phrase ?? "new"}`;
  }
}
