import assert from "node:assert/strict";
import { test } from "node:test";

import { caseOf, isChoice, resolve } from "../../../web/static/merge.js";

const BASE = { text: "a red ball", box: [10, 20, 30, 40], version: 1 };
const THEIRS = { id: 7, text: "a red beach ball", box: [10, 20, 30, 40], state: "submitted", version: 2 };
const conflict = (more = {}) => ({ kind: "changed", base: BASE, theirs: THEIRS, by: "ben", you: false, ...more });

let count = 0;
const makeId = () => `fresh-${(count += 1)}`;
const entry = (operation, told = conflict()) => ({ key: operation.op_id, order: 1, operation: { image: 12, phrase: 7, ...operation }, conflict: told });

test("other words against other words: both are shown, and who it was", () => {
  const found = caseOf([entry({ op_id: "a", kind: "edit", text: "a big ball" })]);
  assert.deepEqual(found.mine, { text: "a big ball", box: [10, 20, 30, 40], gone: false });
  assert.deepEqual(found.theirs, { text: "a red beach ball", box: [10, 20, 30, 40], gone: false });
  assert.match(found.who, /^ben changed/);
  assert.ok(isChoice(found));
});

test("the person's words are sent for the version that they saw, as a new operation", () => {
  const found = caseOf([entry({ op_id: "a", kind: "edit", text: "a big ball" })]);
  const [edit, ...rest] = resolve(found, { text: "a big ball", box: [10, 20, 30, 40] }, makeId);
  assert.deepEqual({ ...edit, op_id: "" }, { op_id: "", image: 12, kind: "edit", phrase: 7, version: 2, text: "a big ball" });
  assert.notEqual(edit.op_id, "a");
  assert.deepEqual(rest, []);
});

test("words and box of one phrase are one question", () => {
  const held = [
    entry({ op_id: "a", kind: "edit", text: "a big ball" }),
    entry({ op_id: "b", kind: "move", box: [1, 2, 3, 4] }),
    entry({ op_id: "c", kind: "edit", text: "a hat", phrase: 8 }),
  ];
  const found = caseOf(held);
  assert.deepEqual(found.keys, ["a", "b"]);
  assert.deepEqual(found.mine.box, [1, 2, 3, 4]);
  assert.deepEqual(resolve(found, found.mine, makeId).map(({ kind }) => kind), ["edit", "move"]);
});

test("to take theirs sends nothing that is the same already", () => {
  const found = caseOf([entry({ op_id: "a", kind: "edit", text: "a big ball" })]);
  assert.deepEqual(resolve(found, { text: THEIRS.text, box: THEIRS.box }, makeId), []);
});

test("a phrase that somebody deleted comes back as a new one, or not at all", () => {
  const found = caseOf([entry({ op_id: "a", kind: "edit", text: "a big ball" }, conflict({ kind: "deleted", theirs: null }))]);
  assert.equal(found.theirs.gone, true);
  const [add] = resolve(found, { text: "a big ball", box: [10, 20, 30, 40] }, makeId);
  assert.deepEqual([add.kind, add.text, add.box, add.phrase], ["add", "a big ball", [10, 20, 30, 40], undefined]);
  assert.deepEqual(resolve(found, null, makeId), []);
});

test("a deletion of what somebody changed is asked about", () => {
  const found = caseOf([entry({ op_id: "a", kind: "delete" })]);
  assert.equal(found.mine.gone, true);
  assert.ok(isChoice(found));
  assert.deepEqual(resolve(found, null, makeId).map(({ kind, version }) => [kind, version]), [["delete", 2]]);
});

test("an undo that met somebody's change, or an image that has gone, is no choice", () => {
  assert.ok(!isChoice(caseOf([entry({ op_id: "a", kind: "undo", phrase: undefined }, { kind: "undo" })])));
  assert.ok(!isChoice(caseOf([entry({ op_id: "a", kind: "edit", text: "x" }, { kind: "released" })])));
  assert.equal(caseOf([]), null);
});
