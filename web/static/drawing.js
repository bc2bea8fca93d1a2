/**
 * SVG elements of boxes, handles and letters. The user units of boxes are screen pixels at the scale they are drawn for:
 * no stroke and no letter has a transform of its own. Those of handles and letters are image pixels.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Handle} Handle
 * @typedef {{key: string, box: Box, look: string, tag: string}} Item  `look`: classes of annotate.css
 */

import { HANDLES, handleAt } from "./geometry.js";

const SVG = "http://www.w3.org/2000/svg";
const KNOB = 4.5; // half the side of a handle, screen pixels
const GRIP = 12; // half the side of the area that a mouse grips
const FINGER = 22; // … and a finger
const TAG = 18; // height of a box's number, screen pixels

/** Boxes that stay in the document as long as they are there: what did not change is not touched. */
export class Boxes {
  constructor() {
    this.svg = make("svg", { class: "boxes" });
    /** @type {Map<string, Drawn>} */
    this.drawn = new Map();
  }

  /** Lowest first. @param {Item[]} items @param {number} scale screen pixels of an image pixel */
  render(items, scale) {
    const before = this.drawn;
    this.drawn = new Map();
    for (const item of items) {
      const drawn = before.get(item.key) ?? new Drawn();
      before.delete(item.key);
      drawn.render(item, scale);
      this.drawn.set(item.key, drawn);
    }
    for (const { group } of before.values()) group.remove();
    let at = this.svg.firstChild;
    for (const { group } of this.drawn.values()) {
      if (group === at) at = at.nextSibling;
      else this.svg.insertBefore(group, at);
    }
  }
}

class Drawn {
  constructor() {
    this.rects = ["halo", "line"].map((name) => make("rect", { class: name }));
    this.tag = make("rect", { class: "tag", rx: 3, height: TAG });
    this.label = make("text");
    this.group = make("g");
    this.group.append(...this.rects, this.tag, this.label);
    /** @type {Item | null} */
    this.item = null;
    this.scale = 0;
  }

  /** @param {Item} item @param {number} scale */
  render(item, scale) {
    const { item: before } = this;
    const moved = before?.box !== item.box || this.scale !== scale;
    if (before?.look !== item.look) set(this.group, { class: `box ${item.look}`.trim() });
    if (before?.tag !== item.tag) this.label.textContent = item.tag;
    if (moved || before?.tag !== item.tag) this.#place(item, scale);
    this.item = item;
    this.scale = scale;
  }

  /** @param {Item} item @param {number} scale */
  #place({ box, tag }, scale) {
    const [x, y, width, height] = box.map((side) => side * scale);
    for (const rect of this.rects) set(rect, { x, y, width, height });
    const top = y >= TAG ? y - TAG : y; // above the box where there is room
    const across = 10 + 7.5 * tag.length;
    set(this.tag, { x, y: top, width: across });
    set(this.label, { x: x + across / 2, y: top + 13.2 });
  }
}

/** What a box is held by: its edge moves it, its handles resize it. @param {Box} box @param {number} scale @param {boolean} byFinger */
export function handlesOf(box, scale, byFinger) {
  const group = make("g", { class: byFinger ? "handles by-finger" : "handles" });
  const [x, y, width, height] = box;
  group.append(make("rect", { class: "edge", "data-move": "", x, y, width, height }));
  for (const handle of HANDLES.filter((name) => fits(name, width * scale, height * scale, byFinger ? 2 : 1))) {
    const at = handleAt(box, handle);
    const knob = make("g", { "data-handle": handle, class: `handle ${handle}` });
    knob.append(square("grip", at, (byFinger ? FINGER : GRIP) / scale), square("knob", at, KNOB / scale));
    group.append(knob);
  }
  return group;
}

/** The letters that point at corners. @param {import("./aim.js").Aim} aim @param {import("./aim.js").Mark[]} marks @param {number} scale */
export function lettersOf(aim, marks, scale) {
  const group = make("g", { class: "aim" });
  if (aim.corner) group.append(make("circle", { class: "corner", cx: aim.corner.x, cy: aim.corner.y, r: 5 / scale }));
  for (const { part } of marks) {
    if (part) group.append(cell("under", part), cell("part", part));
  }
  const size = aim.part ? closeness(marks) * scale : Infinity;
  for (const { letter, at, part } of marks) {
    if (!part) group.append(make("circle", { class: "dot", cx: at.x, cy: at.y, r: Math.min(9, Math.max(2, size * 0.46)) / scale }));
    const font = part ? Math.min(30, Math.max(11, Math.min(part[2], part[3]) * scale * 0.5)) : Math.min(13, size * 0.78);
    if (font < 7) continue;
    const text = make("text", { x: at.x, y: at.y + (font * 0.35) / scale, "font-size": font / scale });
    text.textContent = letter.toUpperCase();
    group.append(text);
  }
  return group;
}

/** How far neighbouring points are from each other. @param {import("./aim.js").Mark[]} marks */
function closeness(marks) {
  const [first, second] = marks;
  const below = marks[Math.round(Math.sqrt(marks.length))];
  return Math.min(Math.abs(second.at.x - first.at.x), Math.abs(below.at.y - first.at.y));
}

/** @param {string} name @param {Box} box */
function cell(name, [x, y, width, height]) {
  return make("rect", { class: name, x, y, width, height });
}

/** Small boxes have few handles, so that there is room to draw in them. @param {Handle} handle @param {number} width @param {number} height @param {number} times */
function fits(handle, width, height, times) {
  if (handle === "se") return true;
  const least = (handle.length === 2 ? 40 : 80) * times;
  return width >= least && height >= least;
}

/** @param {string} name @param {import("./geometry.js").Point} at @param {number} half */
function square(name, { x, y }, half) {
  return make("rect", { class: name, x: x - half, y: y - half, width: 2 * half, height: 2 * half });
}

/** @param {string} name @param {Record<string, string | number>} [attributes] @returns {SVGElement} */
export function make(name, attributes = {}) {
  return set(/** @type {SVGElement} */ (document.createElementNS(SVG, name)), attributes);
}

/** @param {SVGElement} element @param {Record<string, string | number>} attributes */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
