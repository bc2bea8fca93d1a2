/**
 * A box whose phrase is still being typed, kept in the browser's storage so that a reload does not lose it.
 *
 * @typedef {{image: number, box: import("./geometry.js").Box, text: string}} Draft
 */

export class Drafts {
  /** @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage @param {string} scope */
  constructor(storage, scope) {
    this.storage = storage;
    this.key = `vsa.draft.${scope}`;
  }

  /** @param {Draft} draft */
  keep(draft) {
    try {
      this.storage.setItem(this.key, JSON.stringify(draft));
    } catch {
      // without storage a draft lives as long as the page
    }
  }

  forget() {
    try {
      this.storage.removeItem(this.key);
    } catch {
      // nothing was kept
    }
  }

  /** The draft on an image, if one was left there. @param {number} image @returns {Draft | null} */
  of(image) {
    try {
      const draft = JSON.parse(this.storage.getItem(this.key) ?? "null");
      return draft?.image === image && Array.isArray(draft.box) && typeof draft.text === "string" ? draft : null;
    } catch {
      return null;
    }
  }
}
