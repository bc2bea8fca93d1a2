import assert from "node:assert/strict";
import { test } from "node:test";

import { fit, frame, isWhole, pan, reveal, seen, zoom } from "../../../web/static/view.js";

const IMAGE = { width: 4000, height: 3000 };
const STAGE = { width: 828, height: 628 };

test("the whole photo is seen, in the middle, with room around it", () => {
  const view = fit(IMAGE, STAGE);
  assert.equal(view.scale, 0.2);
  assert.ok(Math.abs(view.x + 70) < 1e-9 && Math.abs(view.y + 70) < 1e-9);
  assert.deepEqual(seen(view, IMAGE, STAGE), [0, 0, 4000, 3000]);
  assert.ok(isWhole(view, IMAGE, STAGE));
});

test("what is under the pointer stays there when one zooms", () => {
  const at = { x: 600, y: 200 };
  const under = ({ x, y, scale }) => [x + at.x / scale, y + at.y / scale];
  const before = fit(IMAGE, STAGE);
  const after = zoom(before, 3, at, IMAGE, STAGE);
  under(after).forEach((value, axis) => assert.ok(Math.abs(value - under(before)[axis]) < 1e-6));
  assert.ok(!isWhole(after, IMAGE, STAGE));
});

test("no further out than the whole photo, no further in than forty screen pixels a pixel", () => {
  const view = fit(IMAGE, STAGE);
  const middle = { x: 414, y: 314 };
  assert.deepEqual(zoom(view, 0.01, middle, IMAGE, STAGE), view);
  assert.equal(zoom(view, 1e6, middle, IMAGE, STAGE).scale, 40);
});

test("the photo cannot be moved out of sight", () => {
  const near = zoom(fit(IMAGE, STAGE), 4, { x: 414, y: 314 }, IMAGE, STAGE);
  for (const [dx, dy] of [[1e5, 1e5], [-1e5, -1e5], [1e5, -1e5]]) {
    const [x, y, width, height] = seen(pan(near, dx, dy, IMAGE, STAGE), IMAGE, STAGE);
    assert.ok(x >= 0 && y >= 0 && x + width <= 4000 && y + height <= 3000 && width > 900 && height > 700);
  }
});

test("a box that is zoomed to is in the middle, and wholly seen", () => {
  const box = [3000, 2000, 200, 150];
  const [x, y, width, height] = seen(frame(box, IMAGE, STAGE), IMAGE, STAGE);
  assert.ok(Math.abs(x + width / 2 - 3100) < 1 && Math.abs(y + height / 2 - 2075) < 1);
  assert.ok(x <= 3000 && x + width >= 3200 && y <= 2000 && y + height >= 2150);
  assert.ok(isWhole(frame([0, 0, 4000, 3000], IMAGE, STAGE), IMAGE, STAGE));
});

test("a box that is seen already moves nothing; another one moves the view as little as it needs", () => {
  const near = zoom(fit(IMAGE, STAGE), 4, { x: 414, y: 314 }, IMAGE, STAGE);
  const [x, y, width] = seen(near, IMAGE, STAGE);
  assert.deepEqual(reveal(near, [x + 100, y + 100, 50, 50], IMAGE, STAGE), near);
  const after = reveal(near, [x + width, y + 100, 50, 50], IMAGE, STAGE);
  assert.ok(after.x > near.x && Math.abs(after.y - near.y) < 1e-9);
  const box = seen(after, IMAGE, STAGE);
  assert.ok(box[0] + box[2] >= x + width + 50);
});

test("a small photo is shown larger", () => {
  assert.ok(fit({ width: 100, height: 50 }, STAGE).scale === 8);
});
