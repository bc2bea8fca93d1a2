import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "../../../web/static/drafts.js";
import { Outbox } from "../../../web/static/outbox.js";
import { MemoryShelves } from "./shelves.js";

const add = (op_id, image = 7) => ({ op_id, image, kind: "add", text: "a cat", box: [1, 1, 2, 2] });
const ids = ({ operations }) => operations.map(({ op_id }) => op_id);

async function reopened(storage, scope = "me", client = "tab-2") {
  const outbox = new Outbox(storage, scope, client);
  await outbox.load();
  return outbox;
}

test("what was added is there for the next page, in order, until it is acknowledged", async () => {
  const storage = new MemoryShelves();
  const outbox = new Outbox(storage, "me", "tab-1");
  for (const id of ["a", "b", "c"]) outbox.add(add(id));
  assert.deepEqual(ids(await reopened(storage)), ["a", "b", "c"]);
  outbox.acknowledge(outbox.operations[0], { id: 41, version: 1 });
  const next = await reopened(storage);
  next.add(add("d"));
  assert.deepEqual(ids(await reopened(storage)), ["b", "c", "d"]);
});

test("one person's outbox is not another's", async () => {
  const storage = new MemoryShelves();
  new Outbox(storage, "me", "tab-1").add(add("a"));
  assert.equal((await reopened(storage, "you")).size, 0);
});

test("what different tabs made is sent under their own names", async () => {
  const storage = new MemoryShelves();
  new Outbox(storage, "me", "tab-1").add(add("a"));
  const outbox = await reopened(storage);
  outbox.add(add("b"));
  assert.deepEqual(outbox.ready.map(({ key, client }) => [key, client]), [["a", "tab-1"]]);
  outbox.acknowledge(outbox.operations[0], null);
  assert.deepEqual(outbox.ready.map(({ key, client }) => [key, client]), [["b", "tab-2"]]);
});

test("acknowledging the add of a phrase names it by its number in what waits, also in the storage", async () => {
  const storage = new MemoryShelves();
  const outbox = new Outbox(storage, "me", "tab-1");
  outbox.add(add("a"));
  outbox.add({ op_id: "b", image: 7, kind: "edit", phrase: "a", text: "a black cat" });
  outbox.acknowledge(outbox.operations[0], { id: 41, version: 1 });
  const [edit] = (await reopened(storage)).operations;
  assert.deepEqual([edit.phrase, edit.version], [41, 1]);
});

test("a change that waits for a decision holds back its image and nothing else, also after a reload", async () => {
  const storage = new MemoryShelves();
  const outbox = new Outbox(storage, "me", "tab-1");
  for (const [id, image] of [["a", 7], ["b", 7], ["c", 8]]) outbox.add(add(id, image));
  outbox.hold("a", { kind: "changed" });
  const next = await reopened(storage);
  assert.deepEqual(next.ready.map(({ key }) => key), ["c"]);
  assert.deepEqual(next.held.map(({ key }) => key), ["a"]);
  next.decide(["a"], [add("a2")]);
  assert.deepEqual(ids(await reopened(storage)), ["a2", "b", "c"]);
});

test("what the server refuses goes, and with it what was built on it", async () => {
  const storage = new MemoryShelves();
  const outbox = new Outbox(storage, "me", "tab-1");
  outbox.add(add("a"));
  outbox.add({ op_id: "b", image: 7, kind: "edit", phrase: "a", text: "x" });
  outbox.add(add("c"));
  assert.deepEqual(outbox.refuse("a").map(({ op_id }) => op_id), ["a", "b"]);
  assert.deepEqual(ids(await reopened(storage)), ["c"]);
});

test("a tab that was taken over writes nothing over the other one's outbox", async () => {
  const storage = new MemoryShelves();
  const old = new Outbox(storage, "me", "tab-1");
  old.add(add("a"));
  const taking = await reopened(storage);
  old.release();
  taking.add(add("b"));
  old.acknowledge(old.operations[0], null);
  assert.deepEqual(ids(await reopened(storage)), ["a", "b"]);
});

test("what is broken in the storage is left out", async () => {
  const storage = new MemoryShelves();
  for (const [at, put] of [{}, { scope: "me" }, { scope: "me", order: 1, operation: null }].entries()) {
    storage.write([{ shelf: "outbox", put: { ...put, key: `broken-${at}` } }]);
  }
  assert.equal((await reopened(storage)).size, 0);
});

test("a draft is found again on its own image only, and goes in the write that keeps its operation", async () => {
  const storage = new MemoryShelves();
  const drafts = new Drafts(storage, "me");
  drafts.keep({ image: 7, box: [1, 2, 3, 4], text: "a c", seconds: 1, suggestion: null });
  drafts.keepWords(7, 40, "a black c");
  const next = new Drafts(storage, "me");
  await next.load();
  assert.equal(next.of(7).text, "a c");
  assert.equal(next.of(8), null);
  assert.deepEqual(next.wordsOf(7), [[40, "a black c"]]);
  const outbox = new Outbox(storage, "me", "tab-2");
  outbox.add(add("a"), next.forgetting(7, null));
  const last = new Drafts(storage, "me");
  await last.load();
  assert.equal(last.of(7), null);
  assert.deepEqual(last.wordsOf(7), [[40, "a black c"]]);
});

test("what was typed or moved for a phrase that had no number yet is found under its number", async () => {
  const storage = new MemoryShelves();
  const drafts = new Drafts(storage, "me");
  drafts.keepWords(7, "a", "a black c");
  drafts.keepBox(7, "a", [1, 2, 3, 4]);
  drafts.rename(7, "a", 41);
  const next = new Drafts(storage, "me");
  await next.load();
  assert.deepEqual(next.wordsOf(7), [[41, "a black c"]]);
  assert.deepEqual(next.boxesOf(7), [[41, [1, 2, 3, 4]]]);
  next.write(next.forgettingBox(7, 41));
  assert.deepEqual(next.boxesOf(7), []);
});
