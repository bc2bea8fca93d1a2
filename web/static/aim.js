/**
 * Pointing without a pointer: four letters make a box. A corner is a letter for a part of what is seen of the photo,
 * then a letter for a point in that part; first the upper left corner, then the lower right one, whose points lie closer
 * because only what is right of and below the first is left. Pure functions; benchmarks/keyboard_boxes.py counts presses.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{area: Box, corner: Point | null, part: [number, number] | null}} Aim  `area`: what is seen of the photo, in image
 *   pixels; `corner`: the upper left one, once it is chosen; `part`: column and row of the part that the next corner is in
 * @typedef {{letter: string, at: Point, part: Box | null}} Mark  `part`: the rectangle that the letter stands for; null: the point
 */

import { between } from "./geometry.js";

/** Parts beside each other, and points beside each other in a part. */
export const SIDE = 5;

/** Row by row from the upper left. */
export const LETTERS = [..."abcdefghijklmnopqrstuvwxy"];

const LAST = SIDE * SIDE - 1;

/** @param {Box} area @returns {Aim} */
export function begin(area) {
  return { area, corner: null, part: null };
}

/** The letters that can be pressed now, and where each stands. @param {Aim} aim @returns {Mark[]} */
export function marks(aim) {
  return LETTERS.map((letter, at) => {
    const [column, row] = [at % SIDE, Math.floor(at / SIDE)];
    if (aim.part) {
      const [across, down] = aim.part;
      return { letter, at: point(aim, across * SIDE + column, down * SIDE + row), part: null };
    }
    const part = partOf(aim, column, row, 1);
    return { letter, at: { x: part[0] + part[2] / 2, y: part[1] + part[3] / 2 }, part };
  });
}

/**
 * One letter. `box` is there once both corners are.
 *
 * @param {Aim} aim @param {string} letter
 * @returns {{aim: Aim, box: Box | null}}
 */
export function press(aim, letter) {
  const at = LETTERS.indexOf(letter.toLowerCase());
  if (at === -1) return { aim, box: null };
  const [column, row] = [at % SIDE, Math.floor(at / SIDE)];
  if (!aim.part) return { aim: { ...aim, part: [column, row] }, box: null };
  return choose(aim, point(aim, aim.part[0] * SIDE + column, aim.part[1] * SIDE + row));
}

/** The next corner is here: by letters, or where somebody clicked. @param {Aim} aim @param {Point} corner @returns {{aim: Aim, box: Box | null}} */
export function choose(aim, corner) {
  if (!aim.corner) return { aim: { ...aim, corner, part: null }, box: null };
  return { aim, box: between(aim.corner, corner, { width: Infinity, height: Infinity }) };
}

/** One letter or click less; null where there was none. @param {Aim} aim @returns {Aim | null} */
export function back(aim) {
  if (aim.part) return { ...aim, part: null };
  return aim.corner ? { ...aim, corner: null } : null;
}

/** The box as far as it is known: to go on from with the arrow keys. @param {Aim} aim @returns {Box} */
export function soFar(aim) {
  const whole = partOf(aim, 0, 0, SIDE);
  const [x, y, width, height] = aim.part ? partOf(aim, aim.part[0], aim.part[1], 1) : whole;
  if (!aim.corner) return [x + width * 0.3, y + height * 0.3, width * 0.4, height * 0.4];
  return choose(aim, { x: x + width / 2, y: y + height / 2 }).box ?? whole;
}

/** What a person who cannot see the letters is told. @param {Aim} aim */
export function wording(aim) {
  const corner = aim.corner ? "Lower right corner" : "Upper left corner";
  return aim.part ? `${corner}: a letter for the point` : `${corner}: a letter for the part of the photo`;
}

/** @param {Aim} aim @param {number} column @param {number} row  both from 0 to LAST @returns {Point} */
function point({ area, corner }, column, row) {
  const [x, y, width, height] = area;
  return { x: along(column, x, width, corner?.x), y: along(row, y, height, corner?.y) };
}

/**
 * Where the points lie along one side. From edge to edge, as many boxes end where the photo does; behind the first corner
 * there are as many, so they lie closer.
 *
 * @param {number} at @param {number} from @param {number} length @param {number | undefined} corner
 */
function along(at, from, length, corner) {
  const left = corner === undefined ? 0 : from + length - corner;
  if (corner === undefined || left <= length / SIDE ** 2) return from + (length * at) / LAST;
  return corner + (left * (at + 1)) / (LAST + 1);
}

/** The rectangle around the points of so many parts, up to halfway to those of the next one. @param {Aim} aim @param {number} column @param {number} row @param {number} parts @returns {Box} */
function partOf(aim, column, row, parts) {
  const [left, top] = [edge(aim, column * SIDE - 1, "x"), edge(aim, row * SIDE - 1, "y")];
  const [right, bottom] = [edge(aim, (column + parts) * SIDE - 1, "x"), edge(aim, (row + parts) * SIDE - 1, "y")];
  return [left, top, right - left, bottom - top];
}

/** Halfway between a point and the one after it; at the ends the end. @param {Aim} aim @param {number} at @param {"x" | "y"} axis */
function edge(aim, at, axis) {
  if (at < 0) return aim.corner && point(aim, 0, 0)[axis] > aim.corner[axis] ? aim.corner[axis] : point(aim, 0, 0)[axis];
  if (at >= LAST) return point(aim, LAST, LAST)[axis];
  return (point(aim, at, at)[axis] + point(aim, at + 1, at + 1)[axis]) / 2;
}
