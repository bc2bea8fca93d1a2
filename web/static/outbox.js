/**
 * Operations on their way to the server, in order, kept in the browser until each is acknowledged: a closed tab, a crash
 * or a server that is gone loses none. The server's journal makes sending one twice harmless.
 *
 * One that the server refused because somebody changed the same phrase is held, with the server's answer, until the
 * person has decided; what was done after it on that image waits with it.
 *
 * @typedef {import("./state.js").Operation} Operation
 * @typedef {import("./state.js").Phrase} Phrase
 * @typedef {import("./storage.js").Storage} Storage
 * @typedef {{kind: string, yours?: {kind: string, text: string | null, box: import("./geometry.js").Box | null},
 *   base?: Phrase | null, theirs?: Phrase | null, by?: string | null, you?: boolean, at?: string}} Conflict
 * @typedef {{key: string, scope: string, client: string, order: number, operation: Operation, conflict: Conflict | null}} Entry
 */

import { settle } from "./state.js";

export class Outbox {
  /**
   * @param {Storage} storage
   * @param {string} scope  whose operations: workspace, campaign and annotator
   * @param {string} client  this tab's name
   */
  constructor(storage, scope, client) {
    this.storage = storage;
    this.scope = scope;
    this.client = client;
    /** @type {Entry[]} */
    this.entries = [];
  }

  /** What earlier pages left here. */
  async load() {
    const found = (await this.storage.load("outbox")).filter((entry) => isEntry(entry) && entry.scope === this.scope);
    const known = new Set(this.entries.map(({ key }) => key));
    this.entries = [...found.filter(({ key }) => !known.has(key)), ...this.entries].sort((a, b) => a.order - b.order);
  }

  /** Leave the storage to the tab that goes on; what comes late is not written over it. */
  release() {
    this.storage = { load: async () => [], write() {}, settled: async () => {} };
  }

  get size() {
    return this.entries.length;
  }

  /** @returns {Operation[]} */
  get operations() {
    return this.entries.map(({ operation }) => operation);
  }

  /** Those that wait for the person. @returns {Entry[]} */
  get held() {
    return this.entries.filter(({ conflict }) => conflict);
  }

  /** Those that can be sent now, in order, of one client. @returns {Entry[]} */
  get ready() {
    const stopped = new Set(this.held.map(({ operation }) => operation.image));
    const free = this.entries.filter(({ operation }) => !stopped.has(operation.image));
    return free.filter(({ client }) => client === free[0].client);
  }

  /** @param {Operation} operation @param {import("./storage.js").Change[]} [with_]  what is kept or forgotten with it, in one write */
  add(operation, with_ = []) {
    const order = (this.entries.at(-1)?.order ?? 0) + 1;
    const { scope, client } = this;
    const entry = { key: operation.op_id, scope, client, order, operation, conflict: null };
    this.entries = [...this.entries, entry];
    this.storage.write([{ shelf: "outbox", put: entry }, ...with_]);
  }

  /** The server has written it; `phrase` is what it made of the phrase. @param {Operation} operation @param {Phrase | null} phrase */
  acknowledge(operation, phrase) {
    const left = this.entries.filter(({ key }) => key !== operation.op_id);
    const settled = settle(left.map((entry) => entry.operation), operation, phrase);
    this.#become(left.map((entry, at) => (entry.operation === settled[at] ? entry : { ...entry, operation: settled[at] })));
  }

  /** The person has to decide. @param {string} opId @param {Conflict} conflict */
  hold(opId, conflict) {
    this.#become(this.entries.map((entry) => (entry.key === opId ? { ...entry, conflict } : entry)));
  }

  /** The server will never take it: it goes, and with it what was built on it. Returns all that went. @param {string} opId @returns {Operation[]} */
  refuse(opId) {
    const gone = this.entries.filter(({ key, operation }) => key === opId || operation.phrase === opId);
    this.#become(this.entries.filter((entry) => !gone.includes(entry)));
    return gone.map(({ operation }) => operation);
  }

  /** The person has decided: `gone` go and `instead` come, first of all. @param {string[]} gone @param {Operation[]} instead */
  decide(gone, instead) {
    const { scope, client } = this;
    const left = this.entries.filter(({ key }) => !gone.includes(key));
    const first = (left[0]?.order ?? 1) - instead.length;
    const made = instead.map((operation, at) => ({ key: operation.op_id, scope, client, order: first + at, operation, conflict: null }));
    this.#become([...made, ...left]);
  }

  /** @param {Entry[]} entries */
  #become(entries) {
    const there = new Set(entries.map(({ key }) => key));
    const gone = this.entries.filter(({ key }) => !there.has(key));
    const changed = entries.filter((entry) => !this.entries.includes(entry));
    this.entries = entries;
    /** @type {import("./storage.js").Change[]} */
    const changes = [
      ...gone.map(({ key }) => /** @type {const} */ ({ shelf: "outbox", remove: key })),
      ...changed.map((entry) => /** @type {const} */ ({ shelf: "outbox", put: entry })),
    ];
    if (changes.length) this.storage.write(changes);
  }
}

/** @param {any} found */
function isEntry(found) {
  return typeof found?.key === "string" && Number.isFinite(found.order) && typeof found.operation?.image === "number";
}
