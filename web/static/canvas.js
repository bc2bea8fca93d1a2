/**
 * The photo and its boxes: one SVG whose user units are image pixels, and what a pointer does on it.
 * The list beside the photo says the same to those who do not see it, so all of this is hidden from them.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Handle} Handle
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {{phrases: {id: PhraseId, box: Box}[], selected: PhraseId | null, draft: Box | null}} Scene
 * @typedef {{
 *   drawn: (box: Box) => void,
 *   picked: (id: PhraseId | null) => void,
 *   adjusted: (box: Box, done: boolean) => void,
 *   broken: () => void,
 * }} Listener
 * @typedef {{kind: "draw" | "move" | "pull", from: Point, box: Box | null, handle: Handle | null, far: boolean, pointer: number}} Gesture
 */

import { HANDLES, between, handleAt, move, pick, pull } from "./geometry.js";

const SVG = "http://www.w3.org/2000/svg";
const CLICK = 4; // screen pixels that a pointer may wander in a click
const GRIP = 12; // half the side of a handle's touch area, screen pixels
const KNOB = 4.5; // half the side of a handle, screen pixels

export class Canvas {
  /** @param {SVGSVGElement} svg @param {Listener} listener */
  constructor(svg, listener) {
    this.svg = svg;
    this.listener = listener;
    this.size = { width: 1, height: 1 };
    /** @type {Scene} */
    this.scene = { phrases: [], selected: null, draft: null };
    /** @type {Gesture | null} */
    this.gesture = null;
    this.photo = make("image", { preserveAspectRatio: "none" });
    this.photo.addEventListener("error", () => this.photo.hasAttribute("href") && listener.broken());
    this.boxes = make("g");
    this.svg.replaceChildren(this.photo, this.boxes);
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#moved(event));
    svg.addEventListener("pointerup", (event) => this.#up(event));
    svg.addEventListener("pointercancel", () => this.#abort());
    new ResizeObserver(() => this.render(this.scene)).observe(svg);
  }

  /** Another image. @param {import("./state.js").Image} image */
  open(image) {
    this.#abort();
    this.size = { width: image.width, height: image.height };
    this.svg.setAttribute("viewBox", `0 0 ${image.width} ${image.height}`);
    this.photo.removeAttribute("href"); // not the last photo under this one's boxes
    set(this.photo, { width: image.width, height: image.height, href: image.photo });
  }

  /** @param {Scene} scene */
  render(scene) {
    this.scene = scene;
    const scale = this.scale();
    const drawn = scene.phrases.map(({ id, box }, at) => this.#box(box, id === scene.selected ? "selected" : "", at + 1, scale));
    const order = scene.phrases.map((phrase, at) => at).sort((a, b) => rank(scene, a) - rank(scene, b));
    const layers = order.map((at) => drawn[at]);
    if (scene.draft) layers.push(this.#box(scene.draft, "draft", scene.phrases.length + 1, scale));
    const held = this.#held();
    if (held) layers.push(this.#handles(held, scale));
    this.boxes.replaceChildren(...layers);
  }

  /** Screen pixels of one image pixel. */
  scale() {
    return this.svg.getScreenCTM()?.a || 1;
  }

  /** A box in screen pixels, from the corner of the page. @param {Box} box @returns {Box} */
  onScreen([x, y, width, height]) {
    const matrix = this.svg.getScreenCTM() ?? new DOMMatrix();
    const scale = this.scale();
    return [matrix.e + x * scale, matrix.f + y * scale, width * scale, height * scale];
  }

  /** The box that has handles: the draft, else the selected one. @returns {Box | null} */
  #held() {
    const { draft, phrases, selected } = this.scene;
    return draft ?? phrases.find(({ id }) => id === selected)?.box ?? null;
  }

  /** @param {Box} box @param {string} state @param {number} number @param {number} scale */
  #box([x, y, width, height], state, number, scale) {
    const group = make("g", { class: `box ${state}`.trim() });
    const place = { x, y, width, height };
    const text = String(number);
    const tag = { width: (10 + 7.5 * text.length) / scale, height: 18 / scale };
    const top = y >= tag.height ? y - tag.height : y; // above the box where there is room
    const label = make("text", { x: x + tag.width / 2, y: top + 13.2 / scale, "font-size": 12.5 / scale });
    label.textContent = text;
    group.append(
      make("rect", { class: "halo", ...place }),
      make("rect", { class: "line", ...place }),
      make("rect", { class: "tag", x, y: top, rx: 3 / scale, ...tag }),
      label,
    );
    return group;
  }

  /** @param {Box} box @param {number} scale */
  #handles(box, scale) {
    const group = make("g", { class: "handles" });
    const [x, y, width, height] = box;
    group.append(make("rect", { class: "edge", "data-move": "", x, y, width, height }));
    for (const handle of HANDLES.filter((name) => fits(name, width * scale, height * scale))) {
      const at = handleAt(box, handle);
      const knob = make("g", { "data-handle": handle, class: `handle ${handle}` });
      knob.append(square("grip", at, GRIP / scale), square("knob", at, KNOB / scale));
      group.append(knob);
    }
    return group;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.gesture || !event.isPrimary || event.button !== 0) return;
    const target = /** @type {Element} */ (event.target);
    const handle = /** @type {Handle | null} */ (target.closest("[data-handle]")?.getAttribute("data-handle") ?? null);
    const kind = handle ? "pull" : target.closest("[data-move]") ? "move" : "draw";
    const box = this.#held();
    this.gesture = { kind, from: this.#point(event), box, handle, far: false, pointer: event.pointerId };
    this.svg.setPointerCapture(event.pointerId);
    this.svg.focus({ preventScroll: true });
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    if (event.pointerId !== this.gesture?.pointer) return;
    const to = this.#point(event);
    const { from, kind } = this.gesture;
    this.gesture.far ||= Math.hypot(to.x - from.x, to.y - from.y) * this.scale() >= CLICK;
    if (!this.gesture.far) return;
    if (kind === "draw") this.render({ ...this.scene, draft: between(from, to, this.size), selected: null });
    else this.listener.adjusted(this.#adjusted(to), false);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const gesture = this.gesture;
    if (event.pointerId !== gesture?.pointer) return;
    this.gesture = null;
    const to = this.#point(event);
    if (gesture.kind !== "draw" && gesture.far) this.listener.adjusted(this.#adjusted(to, gesture), true);
    else if (gesture.far) this.listener.drawn(between(gesture.from, to, this.size));
    else this.listener.picked(pick(this.scene.phrases, to, this.scene.selected));
  }

  /** The held box, moved or pulled to where the pointer is. @param {Point} to @param {Gesture | null} gesture @returns {Box} */
  #adjusted(to, gesture = this.gesture) {
    const { box, from, handle } = /** @type {Gesture & {box: Box}} */ (gesture);
    return handle ? pull(box, handle, to, this.size) : move(box, to.x - from.x, to.y - from.y, this.size);
  }

  #abort() {
    if (!this.gesture) return;
    const { kind, box } = this.gesture;
    this.gesture = null;
    if (kind !== "draw" && box) this.listener.adjusted(box, true);
    else this.listener.picked(this.scene.selected);
  }

  /** Where a pointer is, in image pixels. @param {PointerEvent} event @returns {Point} */
  #point(event) {
    const matrix = this.svg.getScreenCTM()?.inverse();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return { x, y };
  }
}

/** Large boxes lie under small ones, the selected one lies on top. @param {Scene} scene @param {number} at */
function rank(scene, at) {
  const { id, box } = scene.phrases[at];
  return id === scene.selected ? 1 : -box[2] * box[3];
}

/** Small boxes have few handles, so that there is room to draw in them. @param {Handle} handle @param {number} width @param {number} height */
function fits(handle, width, height) {
  if (handle === "se") return true;
  const corner = handle.length === 2;
  const least = corner ? 40 : 80;
  return width >= least && height >= least;
}

/** @param {string} name @param {Point} at @param {number} half */
function square(name, { x, y }, half) {
  return make("rect", { class: name, x: x - half, y: y - half, width: 2 * half, height: 2 * half });
}

/** @param {string} name @param {Record<string, string | number>} [attributes] @returns {SVGElement} */
function make(name, attributes = {}) {
  return set(/** @type {SVGElement} */ (document.createElementNS(SVG, name)), attributes);
}

/** @param {SVGElement} element @param {Record<string, string | number>} attributes */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
