/**
 * Sends the outbox, in order and all that waits at once, and goes on trying while the server cannot be reached.
 *
 * @typedef {import("./state.js").Operation} Operation
 * @typedef {import("./outbox.js").Outbox} Outbox
 * @typedef {import("./outbox.js").Conflict} Conflict
 * @typedef {{status: number, body: any}} Answer  status 0: no answer
 * @typedef {"idle" | "sending" | "offline" | "ended" | "foreign"} Status  foreign: somebody else has signed in
 * @typedef {{scope: string, client: string, next: boolean, operations: Operation[]}} Batch
 * @typedef {{
 *   done: {operation: Operation, result: any}[],
 *   refused: {operation: Operation, sentence: string, gone: Operation[]}[],
 *   held: Operation[],
 *   states: Record<string, import("./state.js").ImageState>, progress: any, next: any,
 * }} News  what came of one request
 */

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;
const MOST = 100; // operations in a request
const LARGEST = 48 * 1024; // bytes of a request; the server takes 64 KiB

export class Sync {
  /**
   * @param {Outbox} outbox
   * @param {{
   *   post: (batch: Batch) => Promise<Answer>,
   *   wait: (milliseconds: number) => Promise<void>,
   *   wantsNext: (operations: Operation[]) => boolean,
   *   news: (news: News) => void,
   *   changed: (status: Status) => void,
   * }} world
   */
  constructor(outbox, world) {
    this.outbox = outbox;
    this.world = world;
    /** @type {Status} */
    this.status = "idle";
    /** @type {Promise<void> | null} */
    this.sending = null;
    this.most = MOST;
  }

  /** Keep an operation, and send it when its turn comes. @param {Operation} operation @param {import("./storage.js").Change[]} [with_] */
  push(operation, with_) {
    this.outbox.add(operation, with_);
    this.#become(this.status);
    this.flush();
  }

  /** Send all that waits; resolves when nothing can be sent any more or the session has ended. @returns {Promise<void>} */
  flush() {
    this.sending ??= this.#send().finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  async #send() {
    let wait = FIRST_WAIT;
    for (;;) {
      const entries = this.#batch();
      if (entries.length === 0) return this.#become("idle");
      if (this.status !== "offline") this.#become("sending");
      const operations = entries.map(({ operation }) => operation);
      const { scope } = this.outbox;
      const batch = { scope, client: entries[0].client, next: this.world.wantsNext(operations), operations };
      const { status, body } = await this.world.post(batch);
      if (status === 401 || status === 403) return this.#become("ended");
      if (status === 409) return this.#become("foreign");
      if (status >= 400 && status < 500) {
        this.#refusedWhole(operations, status, body);
      } else if (status === 200 && this.#read(operations, body)) {
        wait = FIRST_WAIT;
        this.most = MOST;
      } else {
        this.#become("offline");
        await this.world.wait(wait);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    }
  }

  /** As much as one request takes. */
  #batch() {
    let bytes = 0;
    return this.outbox.ready.slice(0, this.most).filter(({ operation }, at) => {
      bytes += new TextEncoder().encode(JSON.stringify(operation)).length;
      return at === 0 || bytes <= LARGEST;
    });
  }

  /** @param {Operation[]} operations @param {any} body @returns {boolean} whether all of them are settled, one way or another */
  #read(operations, body) {
    /** @type {News} */
    const news = { done: [], refused: [], held: [], states: body.states ?? {}, progress: body.progress, next: body.next };
    let settled = true;
    operations.forEach((operation, at) => {
      const result = body.results?.[at] ?? { status: 503 };
      if (result.status === 200) {
        this.outbox.acknowledge(operation, result.phrase ?? null);
        news.done.push({ operation, result });
      } else if (result.status === 409) {
        this.outbox.hold(operation.op_id, result.conflict);
        news.held.push(operation);
      } else if (result.status >= 400 && result.status < 500) {
        news.refused.push({ operation, sentence: result.error, gone: this.outbox.refuse(operation.op_id) });
      } else {
        settled = false;
      }
    });
    if (settled) this.#become("sending");
    this.world.news(news);
    return settled;
  }

  /** A request that is refused as a whole is sent in halves, until it is clear which operation it is. @param {Operation[]} operations @param {number} status @param {any} body */
  #refusedWhole(operations, status, body) {
    if (operations.length > 1) {
      this.most = Math.ceil(operations.length / 2);
      return;
    }
    const sentence = body?.error ?? `The server refused this change (${status}).`;
    const gone = this.outbox.refuse(operations[0].op_id);
    this.world.news({ done: [], refused: [{ operation: operations[0], sentence, gone }], held: [], states: {}, progress: null, next: null });
  }

  /** @param {Status} status */
  #become(status) {
    this.status = status;
    this.world.changed(status);
  }
}
