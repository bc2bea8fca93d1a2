/**
 * What pointers do on the photo: one draws, moves or resizes; two fingers, the middle button or the space bar move and
 * zoom the photo itself. A new box may begin inside another one: only edges and handles of the held box take hold of it.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Handle} Handle
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{
 *   element: HTMLElement, size: import("./geometry.js").Size, scale: number, held: Box | null,
 *   point: (event: {clientX: number, clientY: number}) => Point,
 * }} Surface
 * @typedef {{
 *   sketched: (box: Box | null) => void,
 *   drawn: (box: Box) => void,
 *   clicked: (at: Point) => void,
 *   adjusted: (box: Box, done: boolean) => void,
 *   panned: (dx: number, dy: number) => void,
 *   zoomed: (factor: number, at: {clientX: number, clientY: number}) => void,
 *   touched: (byFinger: boolean) => void,
 * }} Listener  `sketched`: a box is being drawn, null: no more; `panned`: by screen pixels
 * @typedef {{kind: "draw" | "move" | "pull" | "pan", from: Point, box: Box | null, handle: Handle | null, far: boolean, pointer: number}} Gesture
 */

import { between, contains, move, pull } from "./geometry.js";

const CLICK = 4; // screen pixels that a mouse may wander in a click
const TAP = 10; // … and a finger

export class Gestures {
  /** @param {Surface} surface @param {Listener} listener */
  constructor(surface, listener) {
    this.surface = surface;
    this.listener = listener;
    /** @type {Gesture | null} */
    this.gesture = null;
    /** @type {Map<number, {clientX: number, clientY: number}>} */
    this.fingers = new Map();
    this.spaceHeld = false;
    const { element } = surface;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#moved(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#cancelled(event));
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    element.addEventListener("keydown", (event) => this.#space(event, true));
    element.addEventListener("keyup", (event) => this.#space(event, false));
    element.addEventListener("blur", () => (this.spaceHeld = false));
  }

  /** Let go of whatever is held; a box on its way goes back to where it was. */
  abort() {
    if (!this.gesture) return;
    const { kind, box, far } = this.gesture;
    this.gesture = null;
    if (kind === "draw") this.listener.sketched(null);
    else if (box && far) this.listener.adjusted(box, true);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const byFinger = event.pointerType === "touch";
    this.listener.touched(byFinger);
    if (byFinger) this.fingers.set(event.pointerId, event);
    if (this.fingers.size === 2) return this.abort(); // from here on both move the photo
    const pans = event.button === 1 || (event.button === 0 && this.spaceHeld);
    if (this.gesture || this.fingers.size > 2 || (event.button !== 0 && !pans)) return;
    const target = /** @type {Element} */ (event.target);
    const handle = /** @type {Handle | null} */ (target.closest("[data-handle]")?.getAttribute("data-handle") ?? null);
    const { held, element } = this.surface;
    const from = this.surface.point(event);
    const grips = target.closest("[data-move]") || (event.altKey && held && contains(held, from));
    const kind = pans ? "pan" : handle ? "pull" : grips ? "move" : "draw";
    this.gesture = { kind, from, box: held, handle, far: false, pointer: event.pointerId };
    element.setPointerCapture(event.pointerId);
    element.focus({ preventScroll: true });
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    if (this.fingers.has(event.pointerId)) {
      if (this.fingers.size === 2) return this.#pinch(event);
      this.fingers.set(event.pointerId, event);
    }
    if (event.pointerId !== this.gesture?.pointer) return;
    const { from, kind } = this.gesture;
    const { scale, size } = this.surface;
    const to = this.surface.point(event);
    const wandered = Math.hypot(to.x - from.x, to.y - from.y) * scale;
    this.gesture.far ||= wandered >= (event.pointerType === "touch" ? TAP : CLICK);
    if (!this.gesture.far) return;
    if (kind === "pan") this.listener.panned((to.x - from.x) * scale, (to.y - from.y) * scale);
    else if (kind === "draw") this.listener.sketched(between(from, to, size));
    else this.listener.adjusted(this.#adjusted(this.gesture, to), false);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.fingers.delete(event.pointerId);
    const { gesture } = this;
    if (event.pointerId !== gesture?.pointer) return;
    this.gesture = null;
    const to = this.surface.point(event);
    if (gesture.kind === "pan") return;
    if (gesture.kind !== "draw" && gesture.far) return this.listener.adjusted(this.#adjusted(gesture, to), true);
    if (gesture.kind === "draw") this.listener.sketched(null);
    if (gesture.far) this.listener.drawn(between(gesture.from, to, this.surface.size));
    else this.listener.clicked(to);
  }

  /** @param {PointerEvent} event */
  #cancelled(event) {
    this.fingers.delete(event.pointerId);
    if (event.pointerId === this.gesture?.pointer) this.abort();
  }

  /** The held box, moved or pulled to where the pointer is. @param {Gesture} gesture @param {Point} to @returns {Box} */
  #adjusted({ box, from, handle }, to) {
    const { size } = this.surface;
    const held = /** @type {Box} */ (box);
    return handle ? pull(held, handle, to, size) : move(held, to.x - from.x, to.y - from.y, size);
  }

  /** @param {PointerEvent} event */
  #pinch(event) {
    const before = [...this.fingers.values()];
    this.fingers.set(event.pointerId, event);
    const after = [...this.fingers.values()];
    const [was, is] = [middle(before), middle(after)];
    this.listener.panned(is.clientX - was.clientX, is.clientY - was.clientY);
    this.listener.zoomed(apart(after) / Math.max(1, apart(before)), is);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (event.ctrlKey || event.metaKey) this.listener.zoomed(Math.exp(-event.deltaY * pixels * 0.004), event);
    else if (event.shiftKey && event.deltaX === 0) this.listener.panned(-event.deltaY * pixels, 0);
    else this.listener.panned(-event.deltaX * pixels, -event.deltaY * pixels);
  }

  /** @param {KeyboardEvent} event @param {boolean} held */
  #space(event, held) {
    if (event.key !== " ") return;
    this.spaceHeld = held;
    event.preventDefault();
  }
}

/** @param {{clientX: number, clientY: number}[]} fingers */
function middle([a, b]) {
  return { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
}

/** @param {{clientX: number, clientY: number}[]} fingers */
function apart([a, b]) {
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}
