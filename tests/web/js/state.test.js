import assert from "node:assert/strict";
import { test } from "node:test";

import { apply, neighbour, objection, replay, settle, tidyText, withPhrase } from "../../../web/static/state.js";

const OFFER = { asked: true, boxes: 1, phrases: 0, list: [{ id: 31, kind: "box", box: [5, 5, 5, 5], text: null, score: 1, exposure: "shown", phrase: null }] };
const BASE = Object.freeze({
  image: { id: 7, key: "a.jpg", width: 100, height: 80, photo: "/photos/7" },
  assignment: { state: "open", reason: null, practice: false, score: null },
  phrases: [{ id: 1, text: "a dog", box: [1, 2, 3, 4], state: "draft", version: 1 }],
  others: [],
  suggestions: OFFER,
  undoable: false,
  redoable: false,
});

let count = 0;
const operation = (kind, rest = {}) => ({ op_id: `op-${(count += 1)}`, image: 7, kind, ...rest });
const texts = ({ phrases }) => phrases.map(({ text }) => text);

test("operations change what they name and leave the state before them alone", () => {
  const before = JSON.stringify(BASE);
  const added = apply(BASE, { ...operation("add", { text: "a cat", box: [5, 5, 5, 5] }), op_id: "x" });
  assert.deepEqual(added.phrases.at(-1), { id: "x", text: "a cat", box: [5, 5, 5, 5], state: "draft" });
  assert.equal(apply(BASE, operation("edit", { phrase: 1, text: "two dogs" })).phrases[0].text, "two dogs");
  assert.deepEqual(apply(BASE, operation("move", { phrase: 1, box: [9, 9, 9, 9] })).phrases[0].box, [9, 9, 9, 9]);
  assert.deepEqual(apply(BASE, operation("delete", { phrase: 1 })).phrases, []);
  assert.equal(apply(BASE, operation("submit")).assignment.state, "submitted");
  assert.equal(apply(BASE, operation("skip", { reason: "dark" })).assignment.reason, "dark");
  assert.equal(JSON.stringify(BASE), before);
});

test("a suggestion that was used or dismissed is open no more", () => {
  const used = apply(BASE, { ...operation("add", { text: "a cat", box: [5, 5, 5, 5], suggestion: 31 }), op_id: "x" });
  assert.equal(used.suggestions.list[0].phrase, "x");
  assert.equal(apply(BASE, operation("ignore", { suggestion: 31 })).suggestions.list[0].exposure, "ignored");
  assert.equal(withPhrase(used, "x", { id: 42, text: "a cat", box: [5, 5, 5, 5], version: 1 }).suggestions.list[0].phrase, 42);
});

test("an undo takes back the last operation that waits, and two take back two", () => {
  const add = operation("add", { text: "a cat", box: [5, 5, 5, 5] });
  const edit = operation("edit", { phrase: add.op_id, text: "a black cat" });
  assert.equal(replay(BASE, [add, edit, operation("undo")]).phrases[1].text, "a cat");
  assert.deepEqual(texts(replay(BASE, [add, edit, operation("undo"), operation("undo")])), ["a dog"]);
});

test("a redo brings back what an undo took, until something new is done", () => {
  const add = operation("add", { text: "a cat", box: [5, 5, 5, 5] });
  assert.deepEqual(texts(replay(BASE, [add, operation("undo"), operation("redo")])), ["a dog", "a cat"]);
  assert.equal(replay(BASE, [add, operation("undo")]).redoable, true);
  const other = operation("add", { text: "a hat", box: [6, 6, 6, 6] });
  assert.deepEqual(texts(replay(BASE, [add, operation("undo"), other, operation("redo")])), ["a dog", "a hat"]);
});

test("an undo of what this page sent before shows at once, of what lies further back when the server has answered", () => {
  const earlier = [{ ...BASE, phrases: [] }];
  assert.deepEqual(texts(replay(BASE, [operation("undo")], earlier)), []);
  assert.deepEqual(replay(BASE, [operation("undo")]), BASE);
});

test("what was seen is no step that an undo takes back", () => {
  const add = operation("add", { text: "a cat", box: [5, 5, 5, 5] });
  assert.deepEqual(texts(replay(BASE, [add, operation("seen", { suggestions: [31] }), operation("undo")])), ["a dog"]);
});

test("operations on other images do not show on this one", () => {
  assert.deepEqual(replay(BASE, [{ ...operation("delete", { phrase: 1 }), image: 8 }]), BASE);
});

test("when the server numbers a phrase, later operations name it by that number, and build on its version", () => {
  const add = operation("add", { text: "a cat", box: [5, 5, 5, 5] });
  const edit = operation("edit", { phrase: add.op_id, text: "a black cat" });
  const other = operation("edit", { phrase: 1, text: "x", version: 1 });
  const settled = settle([edit, other], add, { id: 42, version: 1 });
  assert.deepEqual(settled.map(({ phrase, version }) => [phrase, version]), [[42, 1], [1, 1]]);
  const [again] = settle([{ ...edit, phrase: 42, version: 1 }], operation("move", { phrase: 42 }), { id: 42, version: 2 });
  assert.equal(again.version, 2);
});

test("a phrase has words, and at most a thousand characters", () => {
  assert.match(objection("  \n "), /needs words/);
  assert.equal(objection("a".repeat(1000)), null);
  assert.match(objection("a".repeat(10000)), /at most 1,000 characters; this one has 10,000/);
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
