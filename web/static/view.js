/**
 * What of a photo is seen, and how large: zoom and pan. Pure functions. A view says how many screen pixels an image pixel
 * takes, and which image position lies in the stage's upper left corner.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("./geometry.js").Size} Size
 * @typedef {{scale: number, x: number, y: number}} View
 */

const MARGIN = 14; // screen pixels around a photo that is seen whole, for handles and outlines
const LARGEST = 40; // screen pixels of an image pixel

/** One step of a zoom key or button. */
export const STEP = 1.5;

/** The whole photo. @param {Size} image @param {Size} stage @returns {View} */
export function fit(image, stage) {
  const scale = fitting(image, stage);
  return settle({ scale, x: 0, y: 0 }, image, stage);
}

/** Larger or smaller, while what is at a point of the stage stays there. @param {View} view @param {number} factor @param {Point} at @param {Size} image @param {Size} stage @returns {View} */
export function zoom(view, factor, at, image, stage) {
  const scale = Math.min(Math.max(view.scale * factor, fitting(image, stage)), Math.max(LARGEST, fitting(image, stage)));
  const x = view.x + at.x / view.scale - at.x / scale;
  const y = view.y + at.y / view.scale - at.y / scale;
  return settle({ scale, x, y }, image, stage);
}

/** The photo moved by screen pixels. @param {View} view @param {number} dx @param {number} dy @param {Size} image @param {Size} stage @returns {View} */
export function pan(view, dx, dy, image, stage) {
  return settle({ ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale }, image, stage);
}

/** A box in the middle, with half of its size around it. @param {Box} box @param {Size} image @param {Size} stage @returns {View} */
export function frame([x, y, width, height], image, stage) {
  const wanted = Math.min(stage.width / (2 * width), stage.height / (2 * height));
  const scale = Math.min(Math.max(wanted, fitting(image, stage)), Math.max(LARGEST / 2, fitting(image, stage)));
  const left = x + width / 2 - stage.width / scale / 2;
  return settle({ scale, x: left, y: y + height / 2 - stage.height / scale / 2 }, image, stage);
}

/** The same view, moved as little as makes a box seen; its middle where it is larger than the stage. @param {View} view @param {Box} box @param {Size} image @param {Size} stage @returns {View} */
export function reveal(view, box, image, stage) {
  const x = nearest(view.x, stage.width / view.scale, box[0], box[2], MARGIN / view.scale);
  const y = nearest(view.y, stage.height / view.scale, box[1], box[3], MARGIN / view.scale);
  return settle({ ...view, x, y }, image, stage);
}

/** What of the photo is seen, in image pixels. @param {View} view @param {Size} image @param {Size} stage @returns {Box} */
export function seen(view, image, stage) {
  const [left, top] = [Math.max(0, view.x), Math.max(0, view.y)];
  const right = Math.min(image.width, view.x + stage.width / view.scale);
  const bottom = Math.min(image.height, view.y + stage.height / view.scale);
  return [left, top, Math.max(1, right - left), Math.max(1, bottom - top)];
}

/** @param {View} view @param {Size} image @param {Size} stage */
export function isWhole(view, image, stage) {
  return view.scale <= fitting(image, stage) * 1.001;
}

/** @param {Size} image @param {Size} stage */
function fitting(image, stage) {
  const room = { width: Math.max(1, stage.width - 2 * MARGIN), height: Math.max(1, stage.height - 2 * MARGIN) };
  return Math.min(room.width / image.width, room.height / image.height);
}

/** No further than the photo's edges; in the middle where there is room. @param {View} view @param {Size} image @param {Size} stage @returns {View} */
function settle({ scale, x, y }, image, stage) {
  return { scale, x: held(x, image.width, stage.width / scale, MARGIN / scale), y: held(y, image.height, stage.height / scale, MARGIN / scale) };
}

/** @param {number} at @param {number} length @param {number} window @param {number} margin */
function held(at, length, window, margin) {
  if (length + 2 * margin <= window + 1e-6) return (length - window) / 2;
  return Math.min(Math.max(at, -margin), length + margin - window);
}

/** @param {number} at @param {number} window @param {number} from @param {number} length @param {number} margin */
function nearest(at, window, from, length, margin) {
  if (length + 2 * margin > window) return from + (length - window) / 2;
  return Math.min(Math.max(at, from + length + margin - window), from - margin);
}
