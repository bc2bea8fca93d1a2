import assert from "node:assert/strict";
import { test } from "node:test";

import { apply, neighbour, objection, replay, settle, tidyText } from "../../web/static/state.js";

const BASE = Object.freeze({
  image: { id: 7, key: "a.jpg", width: 100, height: 80, photo: "/photos/7" },
  assignment: { state: "open", reason: null },
  phrases: [{ id: 1, text: "a dog", box: [1, 2, 3, 4] }],
  undoable: false,
});

let count = 0;
const operation = (kind, rest = {}) => ({ op_id: `op-${(count += 1)}`, image: 7, kind, ...rest });

test("operations change what they name and leave the state before them alone", () => {
  const before = JSON.stringify(BASE);
  const added = apply(BASE, { ...operation("add", { text: "a cat", box: [5, 5, 5, 5] }), op_id: "x" });
  assert.deepEqual(added.phrases.at(-1), { id: "x", text: "a cat", box: [5, 5, 5, 5] });
  assert.equal(apply(BASE, operation("edit", { phrase: 1, text: "two dogs" })).phrases[0].text, "two dogs");
  assert.deepEqual(apply(BASE, operation("move", { phrase: 1, box: [9, 9, 9, 9] })).phrases[0].box, [9, 9, 9, 9]);
  assert.deepEqual(apply(BASE, operation("delete", { phrase: 1 })).phrases, []);
  assert.equal(apply(BASE, operation("submit")).assignment.state, "submitted");
  assert.deepEqual(apply(BASE, operation("skip", { reason: "dark" })).assignment, { state: "skipped", reason: "dark" });
  assert.equal(JSON.stringify(BASE), before);
});

test("an undo takes back the last operation that waits, and two take back two", () => {
  const add = operation("add", { text: "a cat", box: [5, 5, 5, 5] });
  const edit = operation("edit", { phrase: add.op_id, text: "a black cat" });
  assert.equal(replay(BASE, [add, edit, operation("undo")]).phrases[1].text, "a cat");
  assert.deepEqual(replay(BASE, [add, edit, operation("undo"), operation("undo")]), BASE);
});

test("an undo of what the server has already leaves the state until the server answers", () => {
  assert.deepEqual(replay(BASE, [operation("undo")]), BASE);
});

test("undo then go on: only what was undone is gone", () => {
  const add = operation("add", { text: "a cat", box: [5, 5, 5, 5] });
  const other = operation("add", { text: "a hat", box: [6, 6, 6, 6] });
  assert.deepEqual(replay(BASE, [add, operation("undo"), other]).phrases.map(({ text }) => text), ["a dog", "a hat"]);
});

test("operations on other images do not show on this one", () => {
  assert.deepEqual(replay(BASE, [{ ...operation("delete", { phrase: 1 }), image: 8 }]), BASE);
});

test("when the server numbers a phrase, later operations name it by that number", () => {
  const add = operation("add", { text: "a cat", box: [5, 5, 5, 5] });
  const edit = operation("edit", { phrase: add.op_id, text: "a black cat" });
  const other = operation("edit", { phrase: 1, text: "x" });
  assert.deepEqual(settle([edit, other], add.op_id, 42).map(({ phrase }) => phrase), [42, 1]);
});

test("a phrase has words, and at most a thousand characters", () => {
  assert.match(objection("  \n "), /needs words/);
  assert.equal(objection("a".repeat(1000)), null);
  assert.match(objection("a".repeat(1001)), /at most 1,000 characters; this one has 1,001/);
});

test("an emoji is one character, and any script is welcome", () => {
  assert.equal(objection("🐕".repeat(1000)), null);
  assert.equal(objection("كلب بني صغير"), null);
});

test("markup is text like any other", () => {
  const text = '<img src=x onerror="alert(1)">';
  assert.equal(tidyText(` ${text}\n`), text);
});

test("stepping through boxes goes round", () => {
  const phrases = [{ id: 1 }, { id: 2 }, { id: 3 }];
  assert.equal(neighbour(phrases, null, 1), 1);
  assert.equal(neighbour(phrases, null, -1), 3);
  assert.equal(neighbour(phrases, 3, 1), 1);
  assert.equal(neighbour(phrases, 1, -1), 3);
  assert.equal(neighbour([], 1, 1), null);
});
