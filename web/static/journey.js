/**
 * One image after another: which is opened next, how the person comes back to one that was left, and the browser's own
 * back and forward.
 *
 * @typedef {import("./sync.js").Answer} Answer
 * @typedef {import("./state.js").ImageState} ImageState
 * @typedef {{
 *   show: (state: ImageState) => void, finished: (why: string | null, progress: any) => void,
 *   progress: (progress: any) => void, busy: (busy: boolean) => void,
 *   trouble: (sentence: string | null) => void, ended: () => void,
 * }} Page
 */

import * as server from "./server.js";

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;

export class Journey {
  /** @param {import("./desk.js").Desk} desk @param {import("./trail.js").Trail} trail @param {Page} page */
  constructor(desk, trail, page) {
    this.desk = desk;
    this.trail = trail;
    this.page = page;
    this.busy = false; // between two images
    /** @type {string | null} the operation after which the next image is opened */
    this.leaving = null;
    /** @type {string | null} the operation after which its image is opened again */
    this.returning = null;
    this.asked = 0;
  }

  /** What the address names, else the next image. */
  openHere() {
    return this.open(server.askHere, false);
  }

  /** @returns {Promise<void>} */
  openNext() {
    return this.open(server.askNext);
  }

  /** @param {number} id */
  openImage(id) {
    return this.open(() => server.askImage(id));
  }

  /** @param {() => Promise<Answer>} ask @param {boolean} [remember] @returns {Promise<void>} */
  async open(ask, remember = true) {
    const turn = (this.asked += 1);
    this.#become(true);
    let answer = await ask();
    for (let wait = FIRST_WAIT; unanswered(answer) && turn === this.asked; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      this.page.trouble("The server does not answer; trying again.");
      await server.pause(wait);
      answer = await ask();
    }
    if (turn !== this.asked) return; // another image was asked for meanwhile
    this.#become(false);
    if (answer.status === 200) return this.arrive(answer.body, remember);
    if (answer.status === 401) return this.page.ended();
    if (answer.status === 404 && !remember) return this.openNext(); // an old address
    this.page.trouble(answer.body?.error ?? "This image cannot be opened.");
  }

  /** @param {{state: ImageState | null, why?: string | null, progress: any}} body @param {boolean} [remember] */
  arrive({ state, why, progress }, remember = true) {
    this.asked += 1;
    this.leaving = null;
    this.#become(false);
    this.page.trouble(null);
    if (progress) this.page.progress(progress);
    if (!state) {
      this.desk.close();
      return this.page.finished(why ?? null, progress);
    }
    const here = `#${state.image.id}`;
    if (location.hash !== here) history[remember && location.hash ? "pushState" : "replaceState"](null, "", here);
    this.page.show(state);
  }

  /** Whether the request with these operations should say what comes next. @param {import("./state.js").Operation[]} operations */
  wantsNext(operations) {
    return operations.some(({ op_id }) => op_id === this.leaving);
  }

  /** Go on once this operation is done. @param {string} opId */
  leaveAfter(opId) {
    this.leaving = opId;
  }

  /** Undo where there is nothing to undo here: back to the image that was left last. */
  goBack() {
    const image = this.trail.back();
    if (image === null) return;
    const operation = { op_id: server.makeId(), image, kind: /** @type {const} */ ("undo") };
    this.returning = operation.op_id;
    this.desk.sync.push(operation);
  }

  /** @param {import("./sync.js").News} news */
  learn({ done, refused, held, states, next }) {
    for (const { operation, result } of done) {
      const { kind, op_id, image } = operation;
      if (op_id === this.returning) {
        this.returning = null;
        const state = states[String(image)];
        if (state) this.arrive({ state, progress: null });
        else this.openImage(image);
      }
      const leaves = ["submit", "skip"].includes(kind === "redo" ? result.undone : kind);
      if (!leaves || image !== this.desk.base?.image.id) continue;
      if (result.practice) {
        this.leaving = null;
      } else if (op_id === this.leaving || kind === "redo") {
        this.trail.left(image);
        if (this.desk.draft) this.leaving = null; // a new box was begun meanwhile: it is not taken away
        else if (op_id === this.leaving && next) this.arrive(next);
        else this.openNext();
      }
    }
    const failed = [...refused.map(({ operation }) => operation), ...held];
    if (failed.some(({ op_id }) => op_id === this.leaving)) this.leaving = null;
    if (failed.some(({ op_id }) => op_id === this.returning)) this.returning = null;
  }

  /** @param {boolean} busy */
  #become(busy) {
    this.busy = busy;
    this.page.busy(busy);
  }
}

/** @param {Answer} answer */
function unanswered({ status }) {
  return status === 0 || status >= 500;
}
