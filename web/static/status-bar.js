/** The two lines in the header: how far the person is, and whether all of it is saved. */

import { progressText, savedText } from "./notices.js";

export class StatusBar {
  /** @param {{saved: HTMLElement, progress: HTMLElement, bar: HTMLProgressElement}} parts @param {(text: string) => void} say */
  constructor(parts, say) {
    this.parts = parts;
    this.say = say;
    /** @type {Date | null} */
    this.savedAt = null;
  }

  /** @param {import("./sync.js").Status} status @param {import("./outbox.js").Outbox} outbox */
  showSaved(status, outbox) {
    const held = outbox.held.length;
    const text = savedText(status, outbox.size, held, this.savedAt);
    const place = this.parts.saved;
    const trouble = status === "offline" || status === "ended" || status === "foreign" || held > 0;
    if (trouble && place.textContent !== text) this.say(text);
    place.textContent = text;
    place.classList.toggle("trouble", trouble);
  }

  /** @param {any} progress */
  showProgress(progress) {
    const { practice } = progress;
    const { done, total } = practice && practice.passed === null ? practice : progress;
    this.parts.progress.textContent = progressText(progress);
    this.parts.bar.max = Math.max(1, total);
    this.parts.bar.value = done;
  }
}
