/**
 * The photo with everybody's boxes: one SVG whose user units are image pixels. People have a letter, dashes and a colour.
 *
 * @typedef {[number, number, number, number]} Box
 * @typedef {{id: number, text: string, box: Box, state: string, version: number, reason: string | null, annotator: string,
 *   suggestion: string | null, sources: number[], seconds: number | null}} Phrase
 */

const SVG = "http://www.w3.org/2000/svg";
const LETTER = 13; // screen pixels
const STYLES = 6; // how many looks of a box there are in review.css

/** The letter of a person: A, B, … Z, A2, … @param {string[]} people @param {string} name */
export function letterOf(people, name) {
  const at = people.indexOf(name);
  if (at < 0) return "R";
  return String.fromCharCode(65 + (at % 26)) + (at < 26 ? "" : String(Math.floor(at / 26) + 1));
}

export class Photo {
  /** @param {SVGSVGElement} svg @param {{held: (id: number | null) => void, broken: () => void}} listener */
  constructor(svg, listener) {
    this.svg = svg;
    this.photo = make("image", { preserveAspectRatio: "none" });
    this.photo.addEventListener("error", () => this.photo.hasAttribute("href") && listener.broken());
    this.boxes = make("g");
    svg.replaceChildren(this.photo, this.boxes);
    svg.addEventListener("pointermove", (event) => listener.held(this.#at(event)));
    svg.addEventListener("pointerleave", () => listener.held(null));
    /** @type {() => void} */
    this.again = () => {};
    new ResizeObserver(() => this.again()).observe(svg);
    /** @type {Phrase[]} */
    this.phrases = [];
  }

  /** @param {{width: number, height: number, photo: string}} image */
  open(image) {
    this.svg.setAttribute("viewBox", `0 0 ${image.width} ${image.height}`);
    this.photo.removeAttribute("href");
    set(this.photo, { width: image.width, height: image.height, href: image.photo });
  }

  /** @param {Phrase[]} phrases @param {string[]} people @param {number | null} held @param {number[]} group  those of the same thing */
  render(phrases, people, held, group) {
    this.phrases = phrases;
    this.again = () => this.render(phrases, people, held, group);
    const scale = this.svg.getScreenCTM()?.a || 1;
    const near = (/** @type {Phrase} */ phrase) => (phrase.id === held ? 2 : group.includes(phrase.id) ? 1 : 0);
    const upwards = [...phrases].sort((one, other) => near(one) - near(other));
    this.boxes.replaceChildren(
      ...upwards.map((phrase) => {
        const standing = phrase.id === held ? "held" : held === null || group.includes(phrase.id) ? "" : "dim";
        return this.#box(phrase, people, standing, scale);
      }),
    );
  }

  /** @param {Phrase} phrase @param {string[]} people @param {string} standing @param {number} scale */
  #box(phrase, people, standing, scale) {
    const [x, y, width, height] = phrase.box;
    const who = phrase.sources.length ? "adjudicated" : `person-${Math.max(0, people.indexOf(phrase.annotator)) % STYLES}`;
    const group = make("g", { class: `box ${who} ${phrase.state} ${standing}` });
    const at = { x, y, width, height };
    const size = LETTER / scale;
    const letter = phrase.sources.length ? "R" : letterOf(people, phrase.annotator);
    const text = make("text", { x: x + size * 0.8, y: y + size * 1.1, "font-size": size });
    text.textContent = letter;
    group.append(make("rect", { class: "halo", ...at }), make("rect", { class: "line", ...at }));
    group.append(make("rect", { class: "tag", x, y, width: size * (0.8 + 0.8 * letter.length), height: size * 1.5 }), text);
    return group;
  }

  /** The smallest box under the pointer. @param {PointerEvent} event */
  #at(event) {
    const matrix = this.svg.getScreenCTM();
    if (!matrix) return null;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const under = this.phrases.filter(({ box: [left, top, width, height] }) => {
      return left <= x && x < left + width && top <= y && y < top + height;
    });
    under.sort((one, other) => one.box[2] * one.box[3] - other.box[2] * other.box[3]);
    return under[0]?.id ?? null;
  }
}

/** @param {string} name @param {Record<string, unknown>} [attributes] */
function make(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  set(element, attributes);
  return element;
}

/** @param {Element} element @param {Record<string, unknown>} attributes */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}
