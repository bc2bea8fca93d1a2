import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../../web/static/outbox.js";
import { Sync } from "../../../web/static/sync.js";
import { MemoryShelves } from "./shelves.js";

const add = (op_id, text = "a cat") => ({ op_id, image: 7, kind: "add", text, box: [1, 1, 2, 2] });
const edit = (op_id, phrase) => ({ op_id, image: 7, kind: "edit", phrase, text: "a black cat" });

/** A server that gives these answers in turn, then says yes to everything, and remembers what it was sent. */
function world(answers = []) {
  const told = { sent: [], news: [], statuses: [], waits: [] };
  let number = 40;
  return {
    told,
    post: async (batch) => {
      told.sent.push(structuredClone(batch));
      const yes = ({ op_id, kind }) => ({ op_id, status: 200, phrase: kind === "add" ? { id: (number += 1), version: 1 } : null });
      return answers.shift() ?? { status: 200, body: { results: batch.operations.map(yes), states: {}, progress: null, next: null } };
    },
    wait: async (milliseconds) => void told.waits.push(milliseconds),
    wantsNext: () => false,
    news: (news) => told.news.push(news),
    changed: (status) => told.statuses.push(status),
  };
}

const outboxOf = (storage = new MemoryShelves()) => new Outbox(storage, "me", "tab-1");
const results = (...each) => ({ status: 200, body: { results: each, states: {} } });
const sentIds = ({ told }) => told.sent.map(({ operations }) => operations.map(({ op_id }) => op_id));

test("an operation is in the storage before it is sent, and leaves it when it is acknowledged", async () => {
  const storage = new MemoryShelves();
  const outside = world();
  const { post } = outside;
  outside.post = async (batch) => {
    assert.deepEqual((await storage.load("outbox")).map(({ key }) => key), ["a"]);
    return post(batch);
  };
  const sync = new Sync(outboxOf(storage), outside);
  sync.push(add("a"));
  await sync.flush();
  assert.deepEqual(await storage.load("outbox"), []);
  assert.equal(sync.status, "idle");
  assert.deepEqual(outside.told.sent[0], { scope: "me", client: "tab-1", next: false, operations: [add("a")] });
});

test("what waits goes in one request, in the order in which it was made", async () => {
  const outside = world();
  const outbox = outboxOf();
  outbox.add(add("a"));
  outbox.add(edit("b", "a"));
  outbox.add(add("c"));
  await new Sync(outbox, outside).flush();
  assert.deepEqual(sentIds(outside), [["a", "b", "c"]]);
});

test("what is made while a request is under way goes in the next one, under the server's numbers", async () => {
  const outside = world();
  const sync = new Sync(outboxOf(), outside);
  sync.push(add("a"));
  sync.push(edit("b", "a"));
  await sync.flush();
  assert.deepEqual(sentIds(outside), [["a"], ["b"]]);
  assert.equal(outside.told.sent[1].operations[0].phrase, 41);
});

test("while the server is away an operation is kept and tried again, ever more slowly", async () => {
  const outside = world([{ status: 0 }, { status: 503 }, { status: 0 }]);
  const sync = new Sync(outboxOf(), outside);
  sync.push(add("a"));
  await sync.flush();
  assert.deepEqual(sentIds(outside), [["a"], ["a"], ["a"], ["a"]]);
  assert.deepEqual(outside.told.waits, [1000, 2000, 4000]);
  assert.ok(outside.told.statuses.includes("offline"));
  assert.equal(sync.status, "idle");
});

test("a database that goes away within a batch leaves the rest for later", async () => {
  const outside = world([results({ status: 200, phrase: { id: 41, version: 1 } }, { status: 503 })]);
  const outbox = outboxOf();
  outbox.add(add("a"));
  outbox.add(add("b"));
  await new Sync(outbox, outside).flush();
  assert.deepEqual(sentIds(outside), [["a", "b"], ["b"]]);
});

test("what the server refuses goes, with what was built on it, and is told; the others are done", async () => {
  const outside = world([results({ status: 422, error: "No." }, { status: 424, error: "…" }, { status: 200, phrase: { id: 9, version: 1 } })]);
  const outbox = outboxOf();
  for (const each of [add("a"), edit("b", "a"), add("c")]) outbox.add(each);
  await new Sync(outbox, outside).flush();
  const [news] = outside.told.news;
  assert.deepEqual(news.refused.map(({ sentence, gone }) => [sentence, gone.map(({ op_id }) => op_id)]), [["No.", ["a", "b"]], ["…", []]]);
  assert.deepEqual(news.done.map(({ operation }) => operation.op_id), ["c"]);
  assert.equal(outbox.size, 0);
});

test("a conflict is held with what the server said, and the page is told", async () => {
  const conflict = { kind: "changed", theirs: { id: 3, text: "x" } };
  const outside = world([results({ status: 409, conflict })]);
  const sync = new Sync(outboxOf(), outside);
  sync.push(edit("a", 3));
  await sync.flush();
  assert.deepEqual(sync.outbox.held[0].conflict, conflict);
  assert.deepEqual(outside.told.news[0].held.map(({ op_id }) => op_id), ["a"]);
  assert.equal(sync.status, "idle");
});

test("a session that has ended stops the sending and keeps everything; who comes back goes on", async () => {
  const storage = new MemoryShelves();
  const outside = world([{ status: 401, body: { error: "…" } }]);
  const sync = new Sync(outboxOf(storage), outside);
  sync.push(add("a"));
  await sync.flush();
  assert.equal(sync.status, "ended");
  assert.equal((await storage.load("outbox")).length, 1);
  await sync.flush();
  assert.equal(sync.status, "idle");
  assert.equal(sync.outbox.size, 0);
});

test("where somebody else is signed in nothing is sent under their name", async () => {
  const sync = new Sync(outboxOf(), world([{ status: 409, body: { conflict: { kind: "scope" } } }]));
  sync.push(add("a"));
  await sync.flush();
  assert.equal(sync.status, "foreign");
  assert.equal(sync.outbox.size, 1);
});

test("a request that is too large is sent in halves, and what cannot be sent at all is told", async () => {
  const outside = world();
  const { post } = outside;
  outside.post = async (batch) => {
    const answer = await post(batch);
    const small = JSON.stringify(batch).length < 1000;
    return small ? answer : { status: 413, body: { error: "A request has at most 64 KiB." } };
  };
  const outbox = outboxOf();
  for (let at = 0; at < 9; at += 1) outbox.add(add(`${at}`, "a".repeat(at === 4 ? 2000 : 100)));
  await new Sync(outbox, outside).flush();
  const done = outside.told.news.flatMap((news) => news.done.map(({ operation }) => operation.op_id));
  assert.deepEqual(done.sort(), ["0", "1", "2", "3", "5", "6", "7", "8"]);
  assert.match(outside.told.news.find(({ refused }) => refused.length).refused[0].sentence, /64 KiB/);
});

test("a hundred operations and 48 KiB are the most in a request", async () => {
  const outside = world();
  const outbox = outboxOf();
  for (let at = 0; at < 150; at += 1) outbox.add(add(`${at}`, "a".repeat(900)));
  await new Sync(outbox, outside).flush();
  for (const batch of outside.told.sent) {
    assert.ok(batch.operations.length <= 100);
    assert.ok(JSON.stringify(batch).length < 64 * 1024);
  }
  assert.equal(outside.told.sent.flatMap(({ operations }) => operations).length, 150);
});
