import assert from "node:assert/strict";
import { test } from "node:test";

import { HELP, commandOf } from "../../../web/static/keys.js";

const FREE = { typing: false, onButton: false };
const TYPING = { typing: true, onButton: false };
const AIMING = { ...FREE, mode: "aiming" };
const DRAFTING = { ...FREE, mode: "drafting" };

test("arrows move by one pixel, by ten when held or with Ctrl, and resize with Shift", () => {
  assert.deepEqual(commandOf({ key: "ArrowLeft" }, FREE), { name: "move", dx: -1, dy: 0 });
  assert.deepEqual(commandOf({ key: "ArrowDown", repeat: true }, FREE), { name: "move", dx: 0, dy: 10 });
  assert.deepEqual(commandOf({ key: "ArrowUp", ctrlKey: true }, FREE), { name: "move", dx: 0, dy: -10 });
  assert.deepEqual(commandOf({ key: "ArrowRight", shiftKey: true }, FREE), { name: "resize", dx: 1, dy: 0 });
});

test("letters are commands, except where text is typed", () => {
  const names = { n: "new", r: "again", h: "hide", z: "zoom", g: "suggest", i: "guidelines", "+": "closer", 0: "whole", ".": "following" };
  for (const [key, name] of Object.entries(names)) assert.equal(commandOf({ key }, FREE).name, name, key);
  assert.equal(commandOf({ key: "S", shiftKey: true }, FREE).name, "skip");
  assert.equal(commandOf({ key: "?", shiftKey: true }, FREE).name, "help");
  for (const key of ["n", "s", "u", "?", "[", "1", "ArrowLeft", "Delete", "Enter"]) {
    assert.equal(commandOf({ key, code: "Digit1" }, TYPING), null, key);
  }
});

test("undo and redo, by letter and with Ctrl; where text is typed Ctrl+Z is the browser's", () => {
  assert.equal(commandOf({ key: "u" }, FREE).name, "undo");
  assert.equal(commandOf({ key: "U", shiftKey: true }, FREE).name, "redo");
  assert.equal(commandOf({ key: "z", ctrlKey: true }, FREE).name, "undo");
  assert.equal(commandOf({ key: "Z", ctrlKey: true, shiftKey: true }, FREE).name, "redo");
  assert.equal(commandOf({ key: "y", ctrlKey: true }, FREE).name, "redo");
  assert.equal(commandOf({ key: "z", ctrlKey: true }, TYPING), null);
});

test("digits accept a suggestion, with Shift they dismiss it, on every keyboard", () => {
  assert.deepEqual(commandOf({ key: "3", code: "Digit3" }, FREE), { name: "accept", slot: 3 });
  assert.deepEqual(commandOf({ key: "#", code: "Digit3", shiftKey: true }, FREE), { name: "dismiss", slot: 3 });
  assert.deepEqual(commandOf({ key: "7", code: "Numpad7" }, FREE), { name: "accept", slot: 7 });
  assert.equal(commandOf({ key: "é", code: "Digit2" }, FREE), null); // AZERTY without Shift
});

test("while corners are pointed at, letters point, and N is no command", () => {
  assert.deepEqual(commandOf({ key: "n" }, AIMING), { name: "aim", letter: "n" });
  assert.deepEqual(commandOf({ key: "N", shiftKey: true }, AIMING), { name: "aim", letter: "n" });
  assert.equal(commandOf({ key: "Backspace" }, AIMING).name, "back");
  assert.equal(commandOf({ key: "Escape" }, AIMING).name, "cancel");
  assert.equal(commandOf({ key: "Enter" }, AIMING).name, "type");
  assert.equal(commandOf({ key: "ArrowLeft" }, AIMING).name, "move");
  for (const key of ["z", "1", "Tab", "Delete"]) assert.equal(commandOf({ key }, AIMING), null, key);
  assert.equal(commandOf({ key: "m", repeat: true }, AIMING), null);
});

test("a keyboard with another alphabet has the commands where a Latin one has them", () => {
  assert.equal(commandOf({ key: "т", code: "KeyN" }, FREE).name, "new");
  assert.deepEqual(commandOf({ key: "ь", code: "KeyM" }, AIMING), { name: "aim", letter: "m" });
  assert.equal(commandOf({ key: "a", code: "KeyQ" }, AIMING).letter, "a"); // AZERTY: what is printed on the key
  assert.equal(commandOf({ key: "т", code: "KeyN" }, DRAFTING).name, "write");
});

test("brackets are commands also where they are behind AltGr", () => {
  assert.equal(commandOf({ key: "[", altKey: true, ctrlKey: true }, FREE).name, "previous");
  assert.equal(commandOf({ key: "]", altKey: true, ctrlKey: true }, TYPING), null);
});

test("while a new box waits for its phrase, letters begin it and arrows still move it", () => {
  for (const key of ["n", "u", "s", "?", "é", "犬", "[", "1", "Backspace"]) assert.equal(commandOf({ key }, DRAFTING).name, "write", key);
  assert.equal(commandOf({ key: "ArrowLeft" }, DRAFTING).name, "move");
  assert.equal(commandOf({ key: "Escape" }, DRAFTING).name, "cancel");
  assert.equal(commandOf({ key: "Enter" }, DRAFTING).name, "type");
  assert.equal(commandOf({ key: "F5" }, DRAFTING), null);
});

test("who has turned single keys off keeps everything else", () => {
  const silent = { ...FREE, silent: true };
  for (const key of ["n", "u", "1", "["]) assert.equal(commandOf({ key, code: "Digit1" }, silent), null, key);
  assert.equal(commandOf({ key: "Enter", ctrlKey: true }, silent).name, "next");
  assert.equal(commandOf({ key: "ArrowLeft" }, silent).name, "move");
});

test("Ctrl+Enter goes on from everywhere", () => {
  for (const where of [TYPING, FREE, AIMING, DRAFTING]) assert.equal(commandOf({ key: "Enter", ctrlKey: true }, where).name, "next");
  assert.equal(commandOf({ key: "Enter", metaKey: true }, FREE).name, "next");
});

test("the browser keeps its own shortcuts", () => {
  assert.equal(commandOf({ key: "n", ctrlKey: true }, FREE), null);
  assert.equal(commandOf({ key: "s", metaKey: true }, FREE), null);
  assert.equal(commandOf({ key: "ArrowLeft", altKey: true }, FREE), null);
});

test("Enter and space press the button that has the focus", () => {
  assert.equal(commandOf({ key: "Enter" }, { typing: false, onButton: true }), null);
  assert.equal(commandOf({ key: " " }, { typing: false, onButton: true, mode: "drafting" }), null);
  assert.equal(commandOf({ key: "Enter" }, FREE).name, "type");
});

test("a held letter is one command", () => {
  assert.equal(commandOf({ key: "n", repeat: true }, FREE), null);
});

test("the help says every key that is a command", () => {
  const said = HELP.flatMap(([, rows]) => rows.flatMap(([keys]) => keys)).join(" ");
  for (const key of ["N", "R", "U", "S", "H", "Z", "G", "I", "?", "[", "]", "+", "0", "Enter", "Esc", "Delete"]) assert.ok(said.includes(key), key);
});
