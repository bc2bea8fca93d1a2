/**
 * Operations on their way to the server, in order, kept in the browser's storage until each is acknowledged: a closed
 * tab, a crash or a server that is gone loses none. The server's journal makes sending one twice harmless.
 *
 * @typedef {import("./state.js").Operation} Operation
 * @typedef {import("./state.js").PhraseId} PhraseId
 */

import { settle } from "./state.js";

export class Outbox {
  /**
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage
   * @param {string} scope  whose operations: workspace, campaign and annotator
   */
  constructor(storage, scope) {
    this.storage = storage;
    this.key = `vsa.outbox.${scope}`;
    /** Whether the browser's storage holds them too; if not, they live as long as the tab. */
    this.kept = true;
    /** @type {Operation[]} */
    this.operations = this.#load();
  }

  /** What another tab left here since. */
  reload() {
    this.operations = this.#load();
  }

  /** Leave the storage to the tab that goes on; what comes late is not written over it. */
  release() {
    this.storage = { getItem: () => null, setItem() {}, removeItem() {} };
  }

  get size() {
    return this.operations.length;
  }

  /** @param {Operation} operation */
  add(operation) {
    this.#store([...this.operations, operation]);
  }

  /** The server has written it. `phrase` is the number that it gave to a new phrase. @param {string} opId @param {PhraseId} [phrase] */
  acknowledge(opId, phrase) {
    const others = this.operations.filter(({ op_id }) => op_id !== opId);
    this.#store(phrase === undefined ? others : settle(others, opId, phrase));
  }

  /** The server will never take it: it goes, and with it what was built on it. Returns all that went. @param {string} opId @returns {Operation[]} */
  refuse(opId) {
    const gone = this.operations.filter(({ op_id, phrase }) => op_id === opId || phrase === opId);
    this.#store(this.operations.filter((operation) => !gone.includes(operation)));
    return gone;
  }

  /** @param {Operation[]} operations */
  #store(operations) {
    this.operations = operations;
    try {
      if (operations.length === 0) this.storage.removeItem(this.key);
      else this.storage.setItem(this.key, JSON.stringify(operations));
      this.kept = true;
    } catch {
      this.kept = false; // private mode or a full disk
    }
  }

  /** @returns {Operation[]} */
  #load() {
    try {
      const found = JSON.parse(this.storage.getItem(this.key) ?? "[]");
      return Array.isArray(found) ? found.filter((item) => typeof item?.op_id === "string") : [];
    } catch {
      return [];
    }
  }
}
