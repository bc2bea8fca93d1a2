/**
 * Sends the outbox, one operation after the other, and goes on trying while the server cannot be reached.
 *
 * @typedef {import("./state.js").Operation} Operation
 * @typedef {import("./outbox.js").Outbox} Outbox
 * @typedef {{status: number, body: any}} Answer  status 0: no answer
 * @typedef {"idle" | "sending" | "offline" | "ended"} Status
 */

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;

export class Sync {
  /**
   * @param {Outbox} outbox
   * @param {{
   *   post: (operation: Operation) => Promise<Answer>,
   *   wait: (milliseconds: number) => Promise<void>,
   *   acknowledged: (operation: Operation, body: any) => void,
   *   refused: (operation: Operation, sentence: string, gone: Operation[]) => void,
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
  }

  /** Keep an operation, and send it when its turn comes. @param {Operation} operation */
  push(operation) {
    this.outbox.add(operation);
    this.#become(this.status);
    this.flush();
  }

  /** Send all that waits; resolves when nothing waits or the session has ended. @returns {Promise<void>} */
  flush() {
    this.sending ??= this.#send().finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  async #send() {
    let wait = FIRST_WAIT;
    while (this.outbox.size > 0) {
      if (this.status !== "offline") this.#become("sending");
      const operation = this.outbox.operations[0];
      const { status, body } = await this.world.post(operation);
      if (status === 200) {
        this.outbox.acknowledge(operation.op_id, body.phrase ?? undefined);
        wait = FIRST_WAIT;
        this.#become("sending");
        this.world.acknowledged(operation, body);
      } else if (status === 401 || status === 403) {
        return this.#become("ended");
      } else if (status >= 400 && status < 500) {
        const gone = this.outbox.refuse(operation.op_id);
        this.world.refused(operation, body?.error ?? "The server refused this change.", gone);
      } else {
        this.#become("offline");
        await this.world.wait(wait);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    }
    this.#become("idle");
  }

  /** @param {Status} status */
  #become(status) {
    this.status = status;
    this.world.changed(status);
  }
}
