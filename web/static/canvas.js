/**
 * The photo, the boxes on it, and what of both is seen. The list beside the photo says the same to those who do not see
 * it. Photo and boxes are drawn for one scale, and a hand that zooms or pans only sets one transform on each, which costs
 * no drawing; once it rests they are drawn for the scale that it left.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("./state.js").PhraseId} PhraseId
 * @typedef {import("./drawing.js").Item} Item
 * @typedef {{
 *   phrases: {id: PhraseId, box: Box}[], selected: PhraseId | null, draft: Box | null,
 *   others: {id: number, box: Box}[], suggestions: {slot: number, box: Box}[], answers: {box: Box, right: boolean}[],
 *   aim: import("./aim.js").Aim | null, hidden: boolean,
 * }} Scene
 * @typedef {{viewed: () => void, broken: () => void}} Listener
 */

import { marks } from "./aim.js";
import { Boxes, handlesOf, lettersOf, make } from "./drawing.js";
import * as views from "./view.js";

/** @type {Scene} */
const NOTHING = { phrases: [], selected: null, draft: null, others: [], suggestions: [], answers: [], aim: null, hidden: false };

const RESTS = 150; // milliseconds without zooming until what is seen is drawn sharp
const STRETCH = 3; // how many times larger or smaller than drawn lines may become before that

export class Canvas {
  /** @param {HTMLElement} element @param {HTMLImageElement} photo @param {Listener} listener */
  constructor(element, photo, listener) {
    this.element = element;
    this.photo = photo;
    this.listener = listener;
    this.size = { width: 1, height: 1 };
    this.stage = { width: 1, height: 1 };
    this.scene = NOTHING;
    /** @type {Box | null} */
    this.sketch = null;
    this.byFinger = matchMedia("(pointer: coarse)").matches;
    this.view = views.fit(this.size, this.stage);
    this.drawnScale = this.view.scale;
    this.timer = 0;
    photo.addEventListener("error", () => photo.hasAttribute("src") && listener.broken());
    this.boxes = new Boxes();
    this.hand = make("svg", { class: "hand" });
    for (const layer of [this.boxes.svg, this.hand]) layer.setAttribute("aria-hidden", "true"); // the list says the same
    element.replaceChildren(this.boxes.svg, this.hand);
    new ResizeObserver(() => this.#resized()).observe(element);
    this.#resized();
  }

  /** Another image. @param {import("./state.js").Image} image */
  open(image) {
    this.size = { width: image.width, height: image.height };
    if (this.photo.getAttribute("src") !== image.photo || !this.photo.naturalWidth) {
      this.photo.removeAttribute("src"); // not the last photo under this one's boxes
      this.photo.src = image.photo;
    }
    this.scene = NOTHING;
    this.whole();
  }

  /** @param {Scene} scene */
  render(scene) {
    this.scene = scene;
    this.#draw();
  }

  /** A box that is being drawn. @param {Box | null} box */
  showSketch(box) {
    this.sketch = box;
    this.#draw();
  }

  /** Screen pixels of one image pixel. */
  get scale() {
    return this.view.scale;
  }

  /** The box that has handles: the draft, else the selected one. @returns {Box | null} */
  get held() {
    const { draft, phrases, selected } = this.scene;
    return draft ?? phrases.find(({ id }) => id === selected)?.box ?? null;
  }

  /** What of the photo is seen. @returns {Box} */
  get seen() {
    return views.seen(this.view, this.size, this.stage);
  }

  get isWhole() {
    return views.isWhole(this.view, this.size, this.stage);
  }

  whole() {
    this.#look(views.fit(this.size, this.stage));
  }

  /** @param {number} factor @param {{clientX: number, clientY: number}} [at]  what stays where it is; else the middle */
  zoom(factor, at) {
    const { left, top } = this.element.getBoundingClientRect();
    const middle = { x: this.stage.width / 2, y: this.stage.height / 2 };
    const point = at ? { x: at.clientX - left, y: at.clientY - top } : middle;
    this.#glide(views.zoom(this.view, factor, point, this.size, this.stage));
  }

  /** @param {number} dx @param {number} dy  screen pixels */
  pan(dx, dy) {
    this.#glide(views.pan(this.view, dx, dy, this.size, this.stage));
  }

  /** @param {Box} box */
  frame(box) {
    this.#look(views.frame(box, this.size, this.stage));
  }

  /** @param {Box} box */
  reveal(box) {
    this.#look(views.reveal(this.view, box, this.size, this.stage));
  }

  /** Where a pointer is, in image pixels. @param {{clientX: number, clientY: number}} event @returns {Point} */
  point({ clientX, clientY }) {
    const { left, top } = this.element.getBoundingClientRect();
    return { x: this.view.x + (clientX - left) / this.scale, y: this.view.y + (clientY - top) / this.scale };
  }

  /** A box in screen pixels, from the corner of the stage. @param {Box} box @returns {Box} */
  onStage([x, y, width, height]) {
    const { scale } = this;
    return [(x - this.view.x) * scale, (y - this.view.y) * scale, width * scale, height * scale];
  }

  #resized() {
    const whole = this.isWhole;
    this.stage = { width: Math.max(1, this.element.clientWidth), height: Math.max(1, this.element.clientHeight) };
    this.#look(whole ? views.fit(this.size, this.stage) : views.pan(this.view, 0, 0, this.size, this.stage));
  }

  /** A view among others that follow at once. @param {views.View} view */
  #glide(view) {
    const times = view.scale / this.drawnScale;
    if (times > STRETCH || times < 1 / STRETCH) return this.#look(view);
    this.#place(view);
    clearTimeout(this.timer);
    if (times !== 1) this.timer = setTimeout(() => this.#look(this.view), RESTS);
  }

  /** @param {views.View} view */
  #look(view) {
    clearTimeout(this.timer);
    this.drawnScale = view.scale;
    this.photo.style.width = `${this.size.width * view.scale}px`;
    this.photo.style.height = `${this.size.height * view.scale}px`;
    this.boxes.render(this.#items(), this.drawnScale);
    this.#place(view);
  }

  /** What was drawn is put where the view says. @param {views.View} view */
  #place(view) {
    this.view = view;
    const { scale, x, y } = view;
    const transform = `translate(${-x * scale}px, ${-y * scale}px) scale(${scale / this.drawnScale})`;
    this.photo.style.transform = this.boxes.svg.style.transform = transform;
    this.hand.setAttribute("viewBox", `${x} ${y} ${this.stage.width / scale} ${this.stage.height / scale}`);
    this.#drawHand();
    this.listener.viewed();
  }

  #draw() {
    this.boxes.render(this.#items(), this.drawnScale);
    this.#drawHand();
  }

  /** What is gripped or read to point: handles, letters. */
  #drawHand() {
    const { scale } = this;
    const { aim } = this.scene;
    const held = this.sketch || aim ? null : this.held;
    const hand = aim ? [lettersOf(aim, marks(aim), scale)] : held ? [handlesOf(held, scale, this.byFinger)] : [];
    this.hand.replaceChildren(...hand);
  }

  /** What is drawn, lowest first: large boxes lie under small ones, what is in work on top. @returns {Item[]} */
  #items() {
    const { phrases, selected, draft, others, suggestions, answers, aim, hidden } = this.scene;
    const numbered = phrases.map(({ id, box }, at) => ({ key: `phrase ${id}`, box, look: id === selected ? "selected" : "", tag: String(at + 1) }));
    /** @type {Item[]} */
    const items = [];
    if (!hidden) {
      items.push(...others.map(({ id, box }) => ({ key: `other ${id}`, box, look: "other", tag: "" })));
      items.push(...suggestions.map(({ slot, box }) => ({ key: `suggestion ${slot}`, box, look: "suggestion", tag: String(slot) })));
      items.push(...numbered.filter(({ look }) => !look).sort((a, b) => area(b.box) - area(a.box)));
      items.push(...answers.map(({ box, right }, at) => ({ key: `answer ${at}`, box, look: right ? "answer right" : "answer", tag: right ? "✓" : "✗" })));
      items.push(...numbered.filter(({ look }) => look));
    }
    const drawn = this.sketch ?? draft;
    if (drawn && !aim) items.push({ key: "draft", box: drawn, look: "draft", tag: String(phrases.length + 1) });
    return items;
  }
}

/** @param {Box} box */
function area([, , width, height]) {
  return width * height;
}
