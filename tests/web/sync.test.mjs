import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "../../web/static/drafts.js";
import { savedText } from "../../web/static/notices.js";
import { Outbox } from "../../web/static/outbox.js";
import { Sync } from "../../web/static/sync.js";

class Storage {
  items = new Map();
  getItem(key) {
    return this.items.get(key) ?? null;
  }
  setItem(key, value) {
    if (this.full) throw new Error("QuotaExceededError");
    this.items.set(key, value);
  }
  removeItem(key) {
    this.items.delete(key);
  }
}

const add = (op_id, text = "a cat") => ({ op_id, image: 7, kind: "add", text, box: [1, 1, 2, 2] });

/** A server that gives these answers in turn, then 200s, and remembers what it was sent. */
function world(answers = []) {
  const told = { sent: [], acknowledged: [], refused: [], statuses: [], waits: [] };
  return {
    told,
    post: async (operation) => {
      told.sent.push(operation);
      return answers.shift() ?? { status: 200, body: { phrase: operation.kind === "add" ? 40 + told.sent.length : null } };
    },
    wait: async (milliseconds) => void told.waits.push(milliseconds),
    acknowledged: (operation) => told.acknowledged.push(operation.op_id),
    refused: (operation, sentence, gone) => told.refused.push([sentence, gone.map(({ op_id }) => op_id)]),
    changed: (status) => told.statuses.push(status),
  };
}

test("an operation is in the storage before it is sent, and leaves it when acknowledged", async () => {
  const storage = new Storage();
  const outside = world();
  const post = outside.post;
  outside.post = async (operation) => {
    assert.deepEqual(new Outbox(storage, "me").operations, [operation]);
    return post(operation);
  };
  const sync = new Sync(new Outbox(storage, "me"), outside);
  sync.push(add("a"));
  await sync.flush();
  assert.deepEqual(outside.told.acknowledged, ["a"]);
  assert.equal(storage.items.size, 0);
  assert.equal(sync.status, "idle");
});

test("while the server is away an operation is kept and tried again, ever more slowly", async () => {
  const outside = world([{ status: 0 }, { status: 503 }, { status: 0 }]);
  const outbox = new Outbox(new Storage(), "me");
  const sync = new Sync(outbox, outside);
  sync.push(add("a"));
  await sync.flush();
  assert.deepEqual(outside.told.sent.map(({ op_id }) => op_id), ["a", "a", "a", "a"]);
  assert.deepEqual(outside.told.waits, [1000, 2000, 4000]);
  assert.ok(outside.told.statuses.includes("offline"));
  assert.equal(sync.status, "idle");
});

test("operations arrive in the order in which they were made, by the number that the server gave", async () => {
  const outside = world();
  const sync = new Sync(new Outbox(new Storage(), "me"), outside);
  sync.push(add("a"));
  sync.push({ op_id: "b", image: 7, kind: "edit", phrase: "a", text: "a black cat" });
  sync.push({ op_id: "c", image: 7, kind: "delete", phrase: "a" });
  await sync.flush();
  assert.deepEqual(outside.told.sent.map(({ op_id, phrase }) => [op_id, phrase]), [["a", undefined], ["b", 41], ["c", 41]]);
});

test("what a closed tab left is sent by the next one", async () => {
  const storage = new Storage();
  const away = world();
  away.post = () => new Promise(() => {});
  new Sync(new Outbox(storage, "me"), away).push(add("a"));
  const outside = world();
  await new Sync(new Outbox(storage, "me"), outside).flush();
  assert.deepEqual(outside.told.acknowledged, ["a"]);
});

test("one annotator's outbox is not another's", () => {
  const storage = new Storage();
  new Outbox(storage, "me").add(add("a"));
  assert.equal(new Outbox(storage, "you").size, 0);
});

test("what the server refuses goes, with what was built on it, and is told", async () => {
  const outside = world([{ status: 422, body: { error: "No." } }]);
  const outbox = new Outbox(new Storage(), "me");
  outbox.add(add("a"));
  outbox.add({ op_id: "b", image: 7, kind: "edit", phrase: "a", text: "x" });
  outbox.add(add("c"));
  await new Sync(outbox, outside).flush();
  assert.deepEqual(outside.told.refused, [["No.", ["a", "b"]]]);
  assert.deepEqual(outside.told.acknowledged, ["c"]);
});

test("a session that has ended stops the sending and keeps everything", async () => {
  const storage = new Storage();
  const outside = world([{ status: 401, body: { error: "…" } }]);
  const sync = new Sync(new Outbox(storage, "me"), outside);
  sync.push(add("a"));
  await sync.flush();
  assert.equal(sync.status, "ended");
  assert.equal(new Outbox(storage, "me").size, 1);
});

test("a full storage is said, and the operation is sent all the same", async () => {
  const storage = new Storage();
  storage.full = true;
  const outbox = new Outbox(storage, "me");
  const outside = world();
  const sync = new Sync(outbox, outside);
  sync.push(add("a"));
  assert.equal(outbox.kept, false);
  await sync.flush();
  assert.deepEqual(outside.told.acknowledged, ["a"]);
});

test("a tab that was taken over writes nothing over the other one's outbox", () => {
  const storage = new Storage();
  const old = new Outbox(storage, "me");
  old.add(add("a"));
  const taking = new Outbox(storage, "me");
  old.release();
  taking.add(add("b"));
  old.acknowledge("a");
  assert.deepEqual(new Outbox(storage, "me").operations.map(({ op_id }) => op_id), ["a", "b"]);
});

test("what is broken in the storage is left out", () => {
  const storage = new Storage();
  storage.setItem("vsa.outbox.me", "{not json");
  assert.equal(new Outbox(storage, "me").size, 0);
  storage.setItem("vsa.draft.me", '{"image": 7}');
  assert.equal(new Drafts(storage, "me").of(7), null);
});

test("a draft is found again on its own image only", () => {
  const storage = new Storage();
  const drafts = new Drafts(storage, "me");
  drafts.keep({ image: 7, box: [1, 2, 3, 4], text: "a c" });
  assert.equal(new Drafts(storage, "me").of(7).text, "a c");
  assert.equal(drafts.of(8), null);
  drafts.forget();
  assert.equal(drafts.of(7), null);
});

test("the indicator says what is true", () => {
  const at = new Date(2024, 1, 1, 9, 5);
  assert.equal(savedText("idle", 0, null), "");
  assert.equal(savedText("idle", 0, at), "saved 09:05");
  assert.equal(savedText("sending", 1, at), "saving…");
  assert.equal(savedText("offline", 3, at), "offline, 3 changes kept");
  assert.equal(savedText("offline", 1, at), "offline, 1 change kept");
  assert.equal(savedText("ended", 2, at), "session ended, 2 changes kept");
});
