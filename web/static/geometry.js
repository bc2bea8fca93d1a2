/**
 * Geometry of boxes: `[x, y, width, height]`, image pixels, origin top left, half-open. Pure functions.
 *
 * @typedef {[number, number, number, number]} Box
 * @typedef {{x: number, y: number}} Point
 * @typedef {{width: number, height: number}} Size
 * @typedef {"nw"|"n"|"ne"|"e"|"se"|"s"|"sw"|"w"} Handle  the corner or edge that is held
 */

/** No box is narrower or lower than this many image pixels. */
export const SMALLEST = 1;

/** @type {Handle[]} */
export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];

/** The box between two opposite corners, inside the image. @param {Point} a @param {Point} b @param {Size} size @returns {Box} */
export function between(a, b, size) {
  const [left, right] = span(a.x, b.x, size.width);
  const [top, bottom] = span(a.y, b.y, size.height);
  return tidy([left, top, right - left, bottom - top]);
}

/** The box moved by (dx, dy), stopped by the image's edges. @param {Box} box @param {number} dx @param {number} dy @param {Size} size @returns {Box} */
export function move([x, y, width, height], dx, dy, size) {
  return tidy([clamp(x + dx, 0, size.width - width), clamp(y + dy, 0, size.height - height), width, height]);
}

/** The box with its lower right corner moved by (dx, dy). @param {Box} box @param {number} dx @param {number} dy @param {Size} size @returns {Box} */
export function grow([x, y, width, height], dx, dy, size) {
  return tidy([
    x,
    y,
    clamp(width + dx, Math.min(SMALLEST, width), size.width - x),
    clamp(height + dy, Math.min(SMALLEST, height), size.height - y),
  ]);
}

/** The box with one handle pulled to a point; past the other side it turns over. @param {Box} box @param {Handle} handle @param {Point} to @param {Size} size @returns {Box} */
export function pull([x, y, width, height], handle, to, size) {
  const a = { x, y };
  const b = { x: x + width, y: y + height };
  if (handle.includes("w")) a.x = to.x;
  if (handle.includes("e")) b.x = to.x;
  if (handle.includes("n")) a.y = to.y;
  if (handle.includes("s")) b.y = to.y;
  return between(a, b, size);
}

/** Where a handle sits on a box. @param {Box} box @param {Handle} handle @returns {Point} */
export function handleAt([x, y, width, height], handle) {
  const across = handle.includes("w") ? 0 : handle.includes("e") ? 1 : 0.5;
  const down = handle.includes("n") ? 0 : handle.includes("s") ? 1 : 0.5;
  return { x: x + across * width, y: y + down * height };
}

/** @param {Box} box @param {Point} point */
export function contains([x, y, width, height], point) {
  return x <= point.x && point.x < x + width && y <= point.y && point.y < y + height;
}

/**
 * The smallest box under a point; where that one is `current` already, the next larger one, and round again.
 * So a box inside a box is reached first, and clicking on reaches all of them.
 *
 * @template T
 * @param {{id: T, box: Box}[]} boxes @param {Point} point @param {T | null} current
 * @returns {T | null}
 */
export function pick(boxes, point, current) {
  const under = boxes.filter(({ box }) => contains(box, point)).sort((a, b) => area(a.box) - area(b.box));
  if (under.length === 0) return null;
  return under[(under.findIndex(({ id }) => id === current) + 1) % under.length].id;
}

/** A box to begin with where there is no pointer: the middle of the image, two fifths of its sides. @param {Size} size @returns {Box} */
export function starting(size) {
  return tidy([size.width * 0.3, size.height * 0.3, size.width * 0.4, size.height * 0.4].map(Math.round));
}

/** @param {Box} a @param {Box} b */
export function same(a, b) {
  return a.every((value, index) => value === b[index]);
}

/**
 * Where something of `size` goes so that it stands by a box and inside `room` (all in screen pixels):
 * below it, else above it, else on its lower edge.
 *
 * @param {Box} box @param {Size} size @param {Size} room @param {number} gap
 * @returns {Point}
 */
export function beside([x, y, width, height], size, room, gap) {
  const below = y + height + gap;
  const above = y - gap - size.height;
  const top = below + size.height + gap <= room.height ? below : above >= gap ? above : room.height - size.height - gap;
  return { x: clamp(x, gap, Math.max(gap, room.width - size.width - gap)), y: Math.max(gap, top) };
}

/** @param {Box} box */
function area([, , width, height]) {
  return width * height;
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** Two positions as an ordered pair inside [0, end], at least SMALLEST apart. @param {number} a @param {number} b @param {number} end */
function span(a, b, end) {
  const low = clamp(Math.min(a, b), 0, Math.max(0, end - SMALLEST));
  return [low, clamp(Math.max(a, b), Math.min(low + SMALLEST, end), end)];
}

/** Hundredths of a pixel are enough. @param {number[]} box @returns {Box} */
function tidy(box) {
  return /** @type {Box} */ (box.map((value) => Math.round(value * 100) / 100));
}
