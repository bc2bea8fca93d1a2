/** A browser's storage in memory, for tests: what is written is there for the next page. */
export class MemoryShelves {
  shelves = { outbox: new Map(), drafts: new Map() };

  async load(shelf) {
    return [...this.shelves[shelf].values()].map((value) => structuredClone(value));
  }

  write(changes) {
    for (const change of changes) {
      if ("put" in change) this.shelves[change.shelf].set(change.put.key, structuredClone(change.put));
      else this.shelves[change.shelf].delete(change.remove);
    }
  }

  async settled() {}
}
