import assert from "node:assert/strict";
import { test } from "node:test";

import { LETTERS, back, begin, choose, marks, press, soFar, wording } from "../../../web/static/aim.js";

const AREA = [0, 0, 480, 240];

/** The box that these letters make. */
function boxOf(letters, area = AREA) {
  let aim = begin(area);
  let box = null;
  for (const letter of letters) ({ aim, box } = press(aim, letter));
  return box;
}

test("four letters make a box, whose points go from edge to edge", () => {
  assert.deepEqual(boxOf("aayy"), [0, 0, 480, 240]);
  assert.deepEqual(boxOf("aaay"), [0, 0, 96, 48]);
});

test("points lie a twenty-fourth of what is seen apart, and closer behind the first corner", () => {
  const [first, second] = marks(press(begin(AREA), "a").aim);
  assert.deepEqual([second.at.x - first.at.x, first.at.y], [20, 0]);
  const half = press(press(begin(AREA), "m").aim, "m").aim; // the middle
  assert.deepEqual(half.corner, { x: 240, y: 120 });
  const [near, next] = marks(press(half, "a").aim);
  assert.ok(Math.abs(near.at.x - 249.6) < 1e-9 && Math.abs(next.at.x - near.at.x - 9.6) < 1e-9);
});

test("the second corner lies right of and below the first, wherever that is", () => {
  for (const first of LETTERS) {
    for (const second of ["a", "y"]) {
      const [x, y, width, height] = boxOf(`m${first}a${second}`);
      assert.ok(width >= 1 && height >= 1 && x >= 192 && y >= 96, `${first} ${second}`);
    }
  }
});

test("a first corner in the lower right corner leaves the whole photo for the second", () => {
  assert.deepEqual(boxOf("yyaa"), [0, 0, 480, 240]);
});

test("parts cover what is seen without gaps, and every letter's point lies in its part", () => {
  for (const aim of [begin(AREA), press(press(begin(AREA), "g").aim, "s").aim]) {
    const parts = marks(aim);
    const area = parts.reduce((sum, { part }) => sum + part[2] * part[3], 0);
    const { x, y } = aim.corner ?? { x: 0, y: 0 };
    assert.ok(Math.abs(area - (480 - x) * (240 - y)) < 1e-6, String(area));
    for (const { letter, part } of parts) {
      for (const { at } of marks(press(aim, letter).aim)) {
        assert.ok(at.x >= part[0] - 1e-9 && at.x <= part[0] + part[2] + 1e-9, letter);
        assert.ok(at.y >= part[1] - 1e-9 && at.y <= part[1] + part[3] + 1e-9, letter);
      }
    }
  }
});

test("what is zoomed to is what the letters are over", () => {
  assert.deepEqual(boxOf("aayy", [100, 50, 48, 24]), [100, 50, 48, 24]);
});

test("a click is a corner like two letters", () => {
  const { aim } = choose(begin(AREA), { x: 10, y: 20 });
  assert.deepEqual(choose(aim, { x: 110, y: 70 }).box, [10, 20, 100, 50]);
  assert.deepEqual(choose(aim, { x: 5, y: 10 }).box, [5, 10, 5, 10]);
});

test("one can go back letter by letter, and out", () => {
  const part = press(begin(AREA), "g").aim;
  const corner = press(part, "a").aim;
  const next = press(corner, "b").aim;
  assert.deepEqual(back(next), corner);
  assert.deepEqual(back(corner), begin(AREA));
  assert.deepEqual(back(part), begin(AREA));
  assert.equal(back(begin(AREA)), null);
});

test("from every step one can go on with arrows, from a box inside what is seen", () => {
  let { aim } = { aim: begin(AREA) };
  for (const letter of ["", "m", "m", "m"]) {
    if (letter) ({ aim } = press(aim, letter));
    const [x, y, width, height] = soFar(aim);
    assert.ok(x >= 0 && y >= 0 && width > 1 && height > 1 && x + width <= 480 && y + height <= 240);
  }
});

test("other keys change nothing, capitals are letters", () => {
  const aim = begin(AREA);
  assert.equal(press(aim, "z").aim, aim);
  assert.equal(press(aim, "1").aim, aim);
  assert.deepEqual(press(aim, "M"), press(aim, "m"));
});

test("each step is said in words", () => {
  const corner = press(press(begin(AREA), "a").aim, "a").aim;
  assert.match(wording(begin(AREA)), /^Upper left corner: .*part/);
  assert.match(wording(press(begin(AREA), "a").aim), /^Upper left corner: .*point/);
  assert.match(wording(corner), /^Lower right corner: .*part/);
});
