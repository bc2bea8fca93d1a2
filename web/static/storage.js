/**
 * What this browser keeps until the server has it: operations and half-typed phrases, in IndexedDB.
 *
 * Each write is one transaction that is committed at once, in the same turn: from then on it is the browser's to finish,
 * also where the tab dies. Nothing here throws; where a browser keeps nothing (private windows of old ones, a full disk),
 * `failed` is called and the page works from memory.
 *
 * @typedef {"outbox" | "drafts"} Shelf
 * @typedef {{load: (shelf: Shelf) => Promise<any[]>, write: (changes: Change[]) => void, settled: () => Promise<void>}} Storage
 * @typedef {{shelf: Shelf, put: {key: string}} | {shelf: Shelf, remove: string}} Change
 */

const NAME = "vsa";
const VERSION = 1;
const PATIENCE = 3000; // milliseconds; a database that does not open is one that keeps nothing

/** @param {() => void} failed @returns {Promise<Storage>} */
export async function openStorage(failed) {
  const database = await open().catch(() => null);
  if (!database) failed();
  return database ? new Shelves(database, failed) : { load: async () => [], write() {}, settled: async () => {} };
}

class Shelves {
  /** @param {IDBDatabase} database @param {() => void} failed */
  constructor(database, failed) {
    this.database = database;
    this.failed = failed;
    /** @type {Promise<void>} */
    this.last = Promise.resolve();
  }

  /** @param {Shelf} shelf @returns {Promise<any[]>} */
  load(shelf) {
    return new Promise((resolve) => {
      try {
        const request = this.database.transaction(shelf).objectStore(shelf).getAll();
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => resolve([]);
      } catch {
        resolve([]);
      }
    });
  }

  /** All of them or none. @param {Change[]} changes */
  write(changes) {
    try {
      const shelves = [...new Set(changes.map(({ shelf }) => shelf))];
      const durability = shelves.includes("outbox") ? "strict" : "relaxed"; // a flush to the disk for each letter is too much
      const transaction = this.database.transaction(shelves, "readwrite", { durability });
      this.last = new Promise((resolve) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => {
          this.failed();
          resolve();
        };
      });
      for (const change of changes) {
        const store = transaction.objectStore(change.shelf);
        if ("put" in change) store.put(change.put);
        else store.delete(change.remove);
      }
      transaction.commit();
    } catch {
      this.failed(); // the browser closed the database: storage was cleared, or the disk is gone
    }
  }

  /** When all that was written so far is on disk. @returns {Promise<void>} */
  settled() {
    return this.last;
  }
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    setTimeout(reject, PATIENCE);
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      for (const shelf of ["outbox", "drafts"]) request.result.createObjectStore(shelf, { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another version of this page is open"));
  });
}
