/** The progress page's figures as words. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsOf, figuresOf } from "../../../web/static/progress-figures.js";
import { letterOf } from "../../../web/static/review-photo.js";

const PERSON = {
  annotator: "ann", left: false, submitted: 1200, open: 1, skipped: 0, phrases: 4000, images_per_hour: 31.6,
  seconds_per_phrase: 7.25, agreement: { boxes: 0.666, words: null }, suggestions: { seen: 0, accepted: 0, edited: 0 },
  practice: null, last: null,
};
const PROGRESS = {
  images: { total: 1000, complete: 10, begun: 3, untouched: 987, given_up: 0 },
  work: { wanted: 3000, submitted: 31, left: 2969, hours_left: 93.9, last_hour: 4 },
  phrases: 99, agreement: { boxes: 0.5, words: null }, people: [PERSON],
};

test("the whole is counted in submissions where the campaign says how many, else in images", () => {
  assert.deepEqual(figuresOf(PROGRESS).whole, { done: 31, of: 3000, text: "31 of 3,000 submissions" });
  const open = { ...PROGRESS, work: { ...PROGRESS.work, wanted: null, left: null, hours_left: null } };
  assert.deepEqual(figuresOf(open).whole, { done: 10, of: 1000, text: "10 of 1,000 images" });
});

test("what is not known has no tile", () => {
  const names = figuresOf(PROGRESS).tiles.map(([name]) => name);
  assert.ok(names.includes("hours of work left"));
  assert.ok(names.includes("boxes agree"));
  assert.ok(!names.includes("words alike"));
  assert.ok(!names.includes("images given up"));
});

test("a person is a row of words, with a dash for what there is not", () => {
  const cells = Object.fromEntries(columnsOf(PROGRESS).map(({ name, value }) => [name, value(PERSON)]));
  assert.equal(cells.Submitted, "1,200");
  assert.equal(cells.Pace, "32/h");
  assert.equal(cells.Time, "7.3 s");
  assert.equal(cells.Boxes, "67 %");
  assert.equal(cells.Words, "–");
  assert.ok(!("Practice" in cells));
});

test("an annotator's own row has no columns of agreement", () => {
  const own = { people: [{ ...PERSON, agreement: null }] };
  assert.ok(!columnsOf(own).some(({ name }) => name === "Boxes"));
});

test("people have letters, also when there are many; a reviewer's phrase has R", () => {
  const many = Array.from({ length: 30 }, (_, at) => `person ${at}`);
  assert.equal(letterOf(many, "person 0"), "A");
  assert.equal(letterOf(many, "person 27"), "B2");
  assert.equal(letterOf(many, "somebody"), "R");
});
