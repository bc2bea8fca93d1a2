import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf } from "../../web/static/keys.js";

const FREE = { typing: false, onButton: false };
const TYPING = { typing: true, onButton: false };

test("arrows move by one pixel, by ten when held or with Ctrl, and resize with Shift", () => {
  assert.deepEqual(commandOf({ key: "ArrowLeft" }, FREE), { name: "move", dx: -1, dy: 0 });
  assert.deepEqual(commandOf({ key: "ArrowDown", repeat: true }, FREE), { name: "move", dx: 0, dy: 10 });
  assert.deepEqual(commandOf({ key: "ArrowUp", ctrlKey: true }, FREE), { name: "move", dx: 0, dy: -10 });
  assert.deepEqual(commandOf({ key: "ArrowRight", shiftKey: true }, FREE), { name: "resize", dx: 1, dy: 0 });
});

test("letters are commands, except where text is typed", () => {
  assert.equal(commandOf({ key: "n" }, FREE).name, "new");
  assert.equal(commandOf({ key: "S", shiftKey: true }, FREE).name, "skip");
  assert.equal(commandOf({ key: "?", shiftKey: true }, FREE).name, "help");
  for (const key of ["n", "s", "u", "?", "[", "ArrowLeft", "Delete", "Enter"]) {
    assert.equal(commandOf({ key }, TYPING), null, key);
  }
});

test("while a new box waits for its phrase, letters begin it and arrows still move it", () => {
  const drafting = { ...FREE, drafting: true };
  for (const key of ["n", "u", "s", "?", "é", "犬", "[", "Backspace"]) assert.equal(commandOf({ key }, drafting).name, "write", key);
  assert.equal(commandOf({ key: "ArrowLeft" }, drafting).name, "move");
  assert.equal(commandOf({ key: "Escape" }, drafting).name, "cancel");
  assert.equal(commandOf({ key: "Enter" }, drafting).name, "type");
  assert.equal(commandOf({ key: "F5" }, drafting), null);
});

test("Ctrl+Enter goes on from everywhere", () => {
  assert.equal(commandOf({ key: "Enter", ctrlKey: true }, TYPING).name, "next");
  assert.equal(commandOf({ key: "Enter", metaKey: true }, FREE).name, "next");
});

test("Ctrl+Z undoes a change, and undoes typing where text is typed", () => {
  assert.equal(commandOf({ key: "z", ctrlKey: true }, FREE).name, "undo");
  assert.equal(commandOf({ key: "z", ctrlKey: true }, TYPING), null);
});

test("the browser keeps its own shortcuts", () => {
  assert.equal(commandOf({ key: "n", ctrlKey: true }, FREE), null);
  assert.equal(commandOf({ key: "s", metaKey: true }, FREE), null);
  assert.equal(commandOf({ key: "ArrowLeft", altKey: true }, FREE), null);
});

test("Enter presses the button that has the focus", () => {
  assert.equal(commandOf({ key: "Enter" }, { typing: false, onButton: true }), null);
  assert.equal(commandOf({ key: "Enter" }, FREE).name, "type");
});

test("a held letter is one command", () => {
  assert.equal(commandOf({ key: "n", repeat: true }, FREE), null);
});
