/** Asks about each change that met somebody else's, one after the other, and sends what the person chose. */

import { askWhich } from "./merge-dialog.js";
import { caseOf, isChoice, resolve } from "./merge.js";
import * as server from "./server.js";

export class Decisions {
  /**
   * @param {import("./desk.js").Desk} desk
   * @param {{told: (sentence: string) => void, waits: (again: () => void) => void, decided: () => void}} page
   */
  constructor(desk, page) {
    this.desk = desk;
    this.page = page;
    this.asking = false;
  }

  async ask() {
    if (this.asking) return;
    this.asking = true;
    const { outbox } = this.desk.sync;
    for (let found = caseOf(outbox.held); found; found = caseOf(outbox.held)) {
      if (!isChoice(found)) this.#drop(found);
      else if (!(await this.#decide(found))) break;
      await this.#refresh(found.image);
    }
    this.asking = false;
    this.page.decided();
  }

  /** @param {import("./merge.js").Case} found @returns {Promise<boolean>} whether it is decided */
  async #decide(found) {
    const { outbox } = this.desk.sync;
    const state = await this.#stateOf(found.image);
    const choice = state ? await askWhich(found, state.image) : "later";
    if (choice === "later") {
      this.page.waits(() => this.ask());
      return false;
    }
    const instead = choice === "theirs" ? [] : resolve(found, choice === "delete" ? null : choice, server.makeId);
    outbox.decide(found.keys, instead);
    return true;
  }

  /** Nothing can be chosen: what would be taken back is another's by now, or the whole image is. @param {import("./merge.js").Case} found */
  #drop({ keys, mine }) {
    this.desk.sync.outbox.decide(keys, []);
    const words = mine.text === null ? "" : ` Not saved: “${mine.text}”`;
    this.page.told(`Somebody changed this image meanwhile: it is shown as it is now.${words}`);
  }

  /** @param {number} image */
  async #refresh(image) {
    if (this.desk.base?.image.id !== image) return;
    const { status, body } = await server.askImage(image);
    if (status === 200 && this.desk.base?.image.id === image) this.desk.refresh(body.state);
  }

  /** @param {number} image @returns {Promise<import("./state.js").ImageState | null>} */
  async #stateOf(image) {
    if (this.desk.base?.image.id === image) return this.desk.base;
    const { status, body } = await server.askImage(image);
    return status === 200 ? body.state : null;
  }
}
