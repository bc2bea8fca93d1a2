import assert from "node:assert/strict";
import { test } from "node:test";

import { beside, between, grow, handleAt, move, pick, pull, same, starting } from "../../../web/static/geometry.js";

const SIZE = { width: 100, height: 80 };

test("a box may be dragged from any corner", () => {
  const box = [10, 20, 30, 40];
  const corners = [[10, 20, 40, 60], [40, 60, 10, 20], [10, 60, 40, 20], [40, 20, 10, 60]];
  for (const [ax, ay, bx, by] of corners) assert.deepEqual(between({ x: ax, y: ay }, { x: bx, y: by }, SIZE), box);
});

test("a box ends where the image ends", () => {
  assert.deepEqual(between({ x: -50, y: -1 }, { x: 900, y: 900 }, SIZE), [0, 0, 100, 80]);
});

test("a box outside the image is a pixel at its edge", () => {
  assert.deepEqual(between({ x: 200, y: 200 }, { x: 300, y: 300 }, SIZE), [99, 79, 1, 1]);
  assert.deepEqual(between({ x: -20, y: -20 }, { x: -10, y: -10 }, SIZE), [0, 0, 1, 1]);
});

test("every box has area and lies inside the image", () => {
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const point = () => ({ x: random() * 200 - 50, y: random() * 200 - 50 });
  for (let trial = 0; trial < 2000; trial += 1) {
    const drawn = between(point(), point(), SIZE);
    const { x, y } = point();
    for (const box of [drawn, move(drawn, x, y, SIZE), grow(drawn, x, y, SIZE), pull(drawn, "nw", { x, y }, SIZE)]) {
      const [left, top, width, height] = box;
      assert.ok(width >= 0.99 && height >= 0.99 && left >= 0 && top >= 0, String(box));
      assert.ok(left + width <= 100.011 && top + height <= 80.011, String(box));
    }
  }
});

test("a moved box keeps its size and stops at the edge", () => {
  assert.deepEqual(move([10, 10, 20, 20], 5, -3, SIZE), [15, 7, 20, 20]);
  assert.deepEqual(move([10, 10, 20, 20], 500, -500, SIZE), [80, 0, 20, 20]);
});

test("a grown box keeps its upper left corner and never vanishes", () => {
  assert.deepEqual(grow([10, 10, 20, 20], 5, -3, SIZE), [10, 10, 25, 17]);
  assert.deepEqual(grow([10, 10, 20, 20], -50, 500, SIZE), [10, 10, 1, 70]);
});

test("an edge that is pulled moves alone, a corner moves two edges", () => {
  assert.deepEqual(pull([10, 10, 20, 20], "e", { x: 50, y: 70 }, SIZE), [10, 10, 40, 20]);
  assert.deepEqual(pull([10, 10, 20, 20], "nw", { x: 5, y: 6 }, SIZE), [5, 6, 25, 24]);
});

test("a corner that is pulled past the other one turns the box over", () => {
  assert.deepEqual(pull([10, 10, 20, 20], "se", { x: 4, y: 5 }, SIZE), [4, 5, 6, 5]);
});

test("handles sit on corners and in the middle of edges", () => {
  assert.deepEqual(handleAt([10, 20, 30, 40], "nw"), { x: 10, y: 20 });
  assert.deepEqual(handleAt([10, 20, 30, 40], "s"), { x: 25, y: 60 });
});

test("a click reaches the smallest box first, then the ones around it, then the smallest again", () => {
  const boxes = [
    { id: 1, box: [0, 0, 100, 80] },
    { id: 2, box: [10, 10, 50, 50] },
    { id: 3, box: [20, 20, 10, 10] },
  ];
  const point = { x: 25, y: 25 };
  assert.equal(pick(boxes, point, null), 3);
  assert.equal(pick(boxes, point, 3), 2);
  assert.equal(pick(boxes, point, 2), 1);
  assert.equal(pick(boxes, point, 1), 3);
  assert.equal(pick(boxes, { x: 70, y: 70 }, 3), 1);
  assert.equal(pick(boxes, { x: 170, y: 70 }, 3), null);
});

test("boxes are half-open: the right edge is outside", () => {
  assert.equal(pick([{ id: 1, box: [0, 0, 10, 10] }], { x: 10, y: 5 }, null), null);
});

test("the first box from the keyboard is the middle of the image", () => {
  assert.deepEqual(starting({ width: 500, height: 100 }), [150, 30, 200, 40]);
  assert.ok(same(starting(SIZE), starting(SIZE)));
});

test("the field stands below a box, above it where there is no room, and always on the stage", () => {
  const field = { width: 200, height: 50 };
  const room = { width: 600, height: 400 };
  assert.deepEqual(beside([100, 100, 50, 50], field, room, 8), { x: 100, y: 158 });
  assert.deepEqual(beside([100, 300, 50, 80], field, room, 8), { x: 100, y: 242 });
  assert.deepEqual(beside([0, 0, 600, 400], field, room, 8), { x: 8, y: 342 });
  assert.deepEqual(beside([590, 100, 10, 10], field, room, 8), { x: 392, y: 118 });
});
