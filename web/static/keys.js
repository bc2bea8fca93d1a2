/**
 * Which key means what. One table for the page and for its help.
 *
 * @typedef {{name: string, dx?: number, dy?: number}} Command
 * @typedef {{key: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, shiftKey?: boolean, repeat?: boolean}} Key
 */

export const FINE = 1;
export const COARSE = 10;

/** What the help shows: keys and what they do. @type {[string[], string][]} */
export const HELP = [
  [["drag"], "draw a box, also inside another one"],
  [["N"], "new box without a pointer"],
  [["← ↑ → ↓"], "move the box by 1 pixel; held, by 10"],
  [["Ctrl", "← ↑ → ↓"], "move it by 10 pixels"],
  [["Shift", "← ↑ → ↓"], "move its lower right corner"],
  [["Enter"], "type the phrase (of a new box: just type); again: save it"],
  [["Esc"], "cancel, or select nothing"],
  [["["], "select the box before"],
  [["]"], "select the next box"],
  [["Delete"], "delete the selected box"],
  [["U"], "undo the last change"],
  [["Ctrl", "Enter"], "done with this image: the next one"],
  [["S"], "skip this image, with a reason"],
  [["?"], "these keys"],
];

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @type {Record<string, string>} */
const LETTERS = { n: "new", u: "undo", s: "skip", "?": "help", "[": "previous", "]": "following" };

/**
 * The command of a key, or null where the key keeps its usual meaning.
 *
 * @param {Key} key
 * @param {{typing: boolean, onButton: boolean, drafting?: boolean}} where  the focus is in a text field, or on something
 *   that Enter presses; a new box waits for its phrase, so that letters begin it and are no commands
 * @returns {Command | null}
 */
export function commandOf(key, where) {
  const control = Boolean(key.ctrlKey || key.metaKey);
  if (key.altKey) return null;
  if (key.key === "Enter" && control) return { name: "next" };
  if (where.typing) return null;
  if (key.key in ARROWS) return arrow(key, control);
  if (control) return key.key.toLowerCase() === "z" && !key.shiftKey ? { name: "undo" } : null;
  if (key.key === "Enter") return where.onButton ? null : { name: "type" };
  if (key.key === "Escape") return { name: "cancel" };
  if (where.drafting && key.key === "Backspace") return { name: "write" };
  if (key.key === "Delete" || key.key === "Backspace") return { name: "delete" };
  if (where.drafting && [...key.key].length === 1 && key.key !== " ") return { name: "write" };
  const name = LETTERS[key.key.toLowerCase()];
  return name && !key.repeat ? { name } : null;
}

/** @param {Key} key @param {boolean} control @returns {Command} */
function arrow(key, control) {
  const [dx, dy] = ARROWS[key.key];
  const step = control || key.repeat ? COARSE : FINE;
  return { name: key.shiftKey ? "resize" : "move", dx: dx * step, dy: dy * step };
}
