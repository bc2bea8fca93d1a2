/** The images that this tab has left, submitted or skipped, so that undo finds its way back to them, also after a reload. */

const LONGEST = 200;

export class Trail {
  /** @param {Pick<globalThis.Storage, "getItem" | "setItem">} storage @param {string} scope */
  constructor(storage, scope) {
    this.storage = storage;
    this.key = `vsa.trail.${scope}`;
    this.images = this.#load();
  }

  /** @param {number} image */
  left(image) {
    this.#store([...this.images, image].slice(-LONGEST));
  }

  /** The one that was left last; it is forgotten by this. @returns {number | null} */
  back() {
    const last = this.images.at(-1) ?? null;
    this.#store(this.images.slice(0, -1));
    return last;
  }

  get isEmpty() {
    return this.images.length === 0;
  }

  /** @param {number[]} images */
  #store(images) {
    this.images = images;
    try {
      this.storage.setItem(this.key, JSON.stringify(images));
    } catch {
      // without storage the trail is as long as this page lives
    }
  }

  /** @returns {number[]} */
  #load() {
    try {
      const found = JSON.parse(this.storage.getItem(this.key) ?? "[]");
      return Array.isArray(found) ? found.filter(Number.isInteger) : [];
    } catch {
      return [];
    }
  }
}
