/**
 * A hand that knows the page: for each target the fewest key presses that make a box of IoU at least .7 with it, through
 * the page's own aim.js and geometry.js. Reads JSON from stdin, writes JSON to stdout; benchmarks/keyboard_boxes.py calls it.
 *
 * A press is a key that goes down, modifiers counted: Ctrl held for three arrows is four presses. Keys that repeat while
 * they are held are not used.
 */

import { readFileSync } from "node:fs";

import { begin, LETTERS, marks, press } from "../web/static/aim.js";
import { grow, move } from "../web/static/geometry.js";
import { COARSE, FINE } from "../web/static/keys.js";

const ENOUGH = 0.7;
const MOST_ARROWS = 8;

/** Groups of arrow presses that share their held modifiers: what they do, by how much, and how many modifiers. */
const GROUPS = [[move, FINE, 0], [move, COARSE, 1], [grow, FINE, 1], [grow, COARSE, 2]];

const { targets } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(targets.map(fewest)));

/** @param {{size: {width: number, height: number}, box: number[], suggestions?: number[][]}} target */
function fewest({ size, box, suggestions = [] }) {
  const starts = lettered(size, box).map(({ letters, made }) => ({ presses: 1 + letters.length, keys: `n${letters}`, box: made }));
  const lettersOnly = refined(starts, box, size);
  const offered = suggestions.slice(0, 9).map((made, at) => ({ presses: 1, keys: String(at + 1), box: made }));
  return { without: lettersOnly, with: refined([...offered, ...starts], box, size) };
}

/** Four letters each: of every corner the points next to the wanted one. */
function lettered(size, [x, y, width, height]) {
  const found = [];
  for (const first of near(begin([0, 0, size.width, size.height]), { x, y })) {
    for (const second of near(first.aim, { x: x + width, y: y + height })) {
      found.push({ letters: first.letters + second.letters, made: second.box });
    }
  }
  return found;
}

/** The four points around a wanted one, as letters and what pressing them gives. */
function near(aim, wanted) {
  const points = LETTERS.flatMap((part) => {
    const inPart = press(aim, part).aim;
    return marks(inPart).map(({ letter, at }) => ({ letters: part + letter, at, ...press(inPart, letter) }));
  });
  const far = ({ at }) => Math.hypot(at.x - wanted.x, at.y - wanted.y);
  return points.sort((a, b) => far(a) - far(b)).slice(0, 4);
}

/** The cheapest of these starts, with the arrow presses that it still needs. */
function refined(starts, box, size) {
  const sure = starts.filter((start) => iou(start.box, box) >= ENOUGH).sort((a, b) => a.presses - b.presses)[0];
  let best = sure ?? null;
  for (const start of starts) {
    const most = Math.min(MOST_ARROWS, (best?.presses ?? Infinity) - start.presses - 1);
    const arrows = arrowsFrom(start.box, box, size, most);
    if (arrows && (!best || start.presses + arrows.presses < best.presses)) {
      best = { presses: start.presses + arrows.presses, keys: `${start.keys} ${arrows.keys}`, box: arrows.box };
    }
  }
  best ??= { ...starts[0], presses: Infinity };
  return { ...best, iou: iou(best.box, box) };
}

/** The fewest arrow presses, at most `most`, that make one box enough like the other. */
function arrowsFrom(start, box, size, most) {
  for (let presses = 1; presses <= most; presses += 1) {
    const found = search(start, box, size, presses, 0, "");
    if (found) return { presses, ...found };
  }
  return null;
}

/** Group after group, each with its modifiers held once. */
function search(made, box, size, left, group, keys) {
  if (left === 0 || group === GROUPS.length) return iou(made, box) >= ENOUGH ? { box: made, keys } : null;
  const [how, step, modifiers] = GROUPS[group];
  const [towardsX, towardsY] = directions(how, made, box);
  for (let across = 0; across <= left; across += 1) {
    for (let down = 0; down <= left - across; down += 1) {
      const cost = across + down + (across + down > 0 ? modifiers : 0);
      if (cost > left) continue;
      const next = how(made, across * step * towardsX, down * step * towardsY, size);
      const found = search(next, box, size, left - cost, group + 1, keys + "→".repeat(across) + "↓".repeat(down));
      if (found) return found;
    }
  }
  return null;
}

/** Which way brings the box nearer. */
function directions(how, made, box) {
  const at = how === move ? [0, 1] : [2, 3];
  return at.map((side) => {
    const end = how === move ? 2 * box[side] + box[side + 2] - 2 * made[side] - made[side + 2] : box[side] - made[side];
    return end < 0 ? -1 : 1;
  });
}

function iou(a, b) {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  const both = Math.max(0, width) * Math.max(0, height);
  return both / (a[2] * a[3] + b[2] * b[3] - both);
}
