import assert from "node:assert/strict";
import { test } from "node:test";

import { countText, finishedText, progressText, savedText, stateText, warningText } from "../../../web/static/notices.js";
import { headingOf, lineOf } from "../../../web/static/practice.js";
import { tokenIn } from "../../../web/static/signin.js";
import { fill } from "../../../web/static/slots.js";
import { Stopwatch } from "../../../web/static/stopwatch.js";
import { Trail } from "../../../web/static/trail.js";

class SessionStorage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
}

test("the indicator says what is true", () => {
  const at = new Date(2024, 1, 1, 9, 5);
  assert.equal(savedText("idle", 0, 0, null), "");
  assert.equal(savedText("idle", 0, 0, at), "saved 09:05");
  assert.equal(savedText("sending", 1, 0, at), "saving…");
  assert.equal(savedText("offline", 3, 0, at), "offline, 3 changes kept");
  assert.equal(savedText("offline", 1, 0, at), "offline, 1 change kept");
  assert.equal(savedText("ended", 2, 0, at), "session ended, 2 changes kept");
  assert.equal(savedText("idle", 1, 1, at), "1 change needs your decision");
});

test("practice counts for itself until it is over", () => {
  assert.equal(progressText({ done: 3, total: 1200, practice: null }), "3 of 1,200");
  assert.equal(progressText({ done: 3, total: 12, practice: { done: 2, total: 4, passed: null } }), "Practice: 2 of 4");
  assert.equal(progressText({ done: 3, total: 12, practice: { done: 4, total: 4, passed: true } }), "3 of 12");
});

test("where there is no image the page says why", () => {
  assert.match(finishedText("taken", {}).text, /come back/);
  assert.match(finishedText("practice", { practice: { score: 0.5, pass_mark: 0.6 } }).text, /50 %, and 60 % are asked for/);
  assert.match(finishedText("finished", {}).title, /done/);
});

test("an image says how it stands, and how many phrases are asked for", () => {
  assert.equal(stateText({ state: "open", reason: null }), null);
  assert.match(stateText({ state: "skipped", reason: "too dark" }), /too dark/);
  assert.match(stateText({ state: "released", reason: null }), /queue/);
  assert.equal(countText(2, 5), "Phrases 2 of 5");
  assert.equal(countText(2, 0), "Phrases");
});

test("a near duplicate is named with its author", () => {
  assert.match(warningText({ text: "red ball", annotator: null }), /yours.*red ball/);
  assert.match(warningText({ text: "red ball", annotator: "ben" }), /ben’s|ben's/);
});

test("practice says what was right, and what the answer would have been", () => {
  const answers = [
    { box: [1, 1, 2, 2], phrases: ["a red ball"], phrase: 7, iou: 0.812, similarity: 0.9, right: true },
    { box: [3, 3, 2, 2], phrases: ["the grass", "grass"], phrase: null, iou: 0, similarity: 0, right: false },
  ];
  assert.equal(headingOf({ score: 0.5, extra: [], answers }), "Practice: 1 of 2 right (50 %)");
  assert.match(lineOf(answers[0], [{ id: 5 }, { id: 7 }]), /your box 2 covers it 81 %/);
  assert.match(lineOf(answers[1], []), /“the grass” or “grass”: there was no box/);
});

test("a token is found in whatever was pasted", () => {
  assert.equal(tokenIn(" http://127.0.0.1:8807/?token=abc_-123 "), "abc_-123");
  assert.equal(tokenIn("https://lab.example/join#abc"), "abc");
  assert.equal(tokenIn("abc"), "abc");
});

test("a suggestion keeps its digit until it is used, then the next one takes it", () => {
  const list = Array.from({ length: 12 }, (_, at) => ({ id: at + 1, exposure: "shown", phrase: null }));
  const first = fill([], list);
  assert.deepEqual(first, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const later = list.map((each) => (each.id === 3 ? { ...each, phrase: 70 } : each.id === 5 ? { ...each, exposure: "ignored" } : each));
  assert.deepEqual(fill(first, later), [1, 2, 10, 4, 11, 6, 7, 8, 9]);
  assert.deepEqual(fill([], list.slice(0, 2)), [1, 2, null, null, null, null, null, null, null]);
});

test("time counts while somebody works, and a break only for half a minute", () => {
  let now = 0;
  const watch = new Stopwatch(2, () => now);
  now = 1500;
  watch.touch();
  now = 601500;
  assert.equal(watch.seconds, 2 + 1.5 + 30);
});

test("the way back goes from image to image, also after a reload", () => {
  const storage = new SessionStorage();
  const trail = new Trail(storage, "me");
  assert.ok(trail.isEmpty);
  for (const image of [4, 5, 6]) trail.left(image);
  assert.equal(trail.back(), 6);
  assert.equal(new Trail(storage, "me").back(), 5);
  assert.equal(new Trail(storage, "you").back(), null);
  storage.setItem("vsa.trail.me", "{broken");
  assert.ok(new Trail(storage, "me").isEmpty);
});
