/**
 * Which key means what. One table for the page and for its help.
 *
 * @typedef {{name: string, dx?: number, dy?: number, letter?: string, slot?: number}} Command
 * @typedef {{key: string, code?: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, shiftKey?: boolean, repeat?: boolean}} Key
 * @typedef {{typing: boolean, onButton: boolean, mode?: "free" | "drafting" | "aiming", silent?: boolean}} Where
 *   `typing`: the focus is in a text field; `onButton`: on something that Enter presses; `drafting`: a new box waits for its
 *   phrase; `aiming`: corners are pointed at; `silent`: single letters are no commands here, the person has turned them off
 */

/** Steps of the arrow keys, in pixels. */
export const FINE = 1;
export const COARSE = 10;

/** What the help shows: keys and what they do. @type {[string, [string[], string][]][]} */
export const HELP = [
  ["Boxes", [
    [["N"], "new box: a letter for a part of the photo, one for a point in it; twice, for two corners"],
    [["drag"], "draw a box, also inside another one"],
    [["R"], "point at the selected box's corners again"],
    [["← ↑ → ↓"], "move the box by 1 pixel; held, by 10"],
    [["Ctrl", "← ↑ → ↓"], "move it by 10 pixels"],
    [["Shift", "← ↑ → ↓"], "move its lower right corner"],
    [["[", ","], "select the box before"],
    [["]", "."], "select the next box"],
    [["Delete"], "delete the selected box"],
    [["H"], "hide the boxes, show them again"],
  ]],
  ["Phrases", [
    [["Enter"], "type the phrase (of a new box: just type); again: save it"],
    [["Esc"], "cancel, or select nothing"],
    [["U"], "undo, also across images"],
    [["Shift", "U"], "redo"],
    [["1", "… 9"], "accept a suggestion"],
    [["Shift", "1 … 9"], "dismiss it"],
    [["G"], "get suggestions, where the campaign has some"],
  ]],
  ["The photo", [
    [["Z"], "zoom to the selected box; again: the whole photo"],
    [["+"], "zoom in (also Ctrl with the wheel, or two fingers)"],
    [["−"], "zoom out"],
    [["0"], "the whole photo"],
    [["Space", "drag"], "move the photo (also the wheel, or arrows with nothing selected)"],
  ]],
  ["Images", [
    [["Ctrl", "Enter"], "done with this image: the next one"],
    [["S"], "skip this image, with a reason"],
    [["I"], "what this campaign asks for"],
    [["?"], "these keys"],
  ]],
];

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @type {Record<string, string>} */
const LETTERS = {
  n: "new", r: "again", u: "undo", s: "skip", h: "hide", z: "zoom", g: "suggest", i: "guidelines", "?": "help",
  "+": "closer", "=": "closer", "-": "wider", "−": "wider", 0: "whole",
  "[": "previous", ",": "previous", "]": "following", ".": "following",
};

/** The command of a key, or null where the key keeps its usual meaning. @param {Key} key @param {Where} where @returns {Command | null} */
export function commandOf(key, where) {
  const control = Boolean(key.ctrlKey || key.metaKey);
  const bracket = key.key === "[" || key.key === "]"; // some keyboards have them behind AltGr, which counts as Ctrl and Alt
  if (key.altKey && !(bracket && !where.typing)) return null;
  if (key.key === "Enter" && control) return { name: "next" };
  if (where.typing) return null;
  if (key.key in ARROWS) return arrow(key, control);
  if (control && !bracket) return withControl(key);
  if (key.key === "Enter") return where.onButton ? null : { name: "type" };
  if (key.key === "Escape") return { name: "cancel" };
  if (key.key === " " && where.onButton) return null;
  if (where.mode === "aiming") return aiming(key);
  if (where.mode === "drafting") return drafting(key);
  if (key.key === "Delete" || key.key === "Backspace") return { name: "delete" };
  if (where.silent || key.repeat) return null;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(key.code ?? "")?.[1];
  if (digit && (key.shiftKey || key.key === digit)) return { name: key.shiftKey ? "dismiss" : "accept", slot: Number(digit) };
  const letter = latin(key);
  if (letter === "u" && key.shiftKey) return { name: "redo" };
  return letter in LETTERS ? { name: LETTERS[letter] } : null;
}

/** @param {Key} key @returns {Command | null} */
function withControl(key) {
  const letter = latin(key);
  if (letter === "z") return { name: key.shiftKey ? "redo" : "undo" };
  return letter === "y" ? { name: "redo" } : null;
}

/** @param {Key} key @returns {Command | null} */
function aiming(key) {
  if (key.key === "Backspace") return { name: "back" };
  if (key.key === "?") return { name: "help" };
  const letter = latin(key);
  return /^[a-y]$/.test(letter) && !key.repeat ? { name: "aim", letter } : null;
}

/** Letters begin the phrase. @param {Key} key @returns {Command | null} */
function drafting(key) {
  if (key.key === "Delete") return { name: "delete" };
  const printed = [...key.key].length === 1 && key.key !== " ";
  return printed || key.key === "Backspace" ? { name: "write" } : null;
}

/** The letter on a key; on a keyboard with another alphabet the one that a Latin keyboard has there. @param {Key} key */
function latin({ key, code = "" }) {
  const letter = key.toLowerCase();
  const physical = /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
  return physical && /^\p{L}$/u.test(letter) && !/^[a-z]$/.test(letter) ? physical : letter;
}

/** @param {Key} key @param {boolean} control @returns {Command} */
function arrow(key, control) {
  const [dx, dy] = ARROWS[key.key];
  const step = control || key.repeat ? COARSE : FINE;
  return { name: key.shiftKey ? "resize" : "move", dx: dx * step, dy: dy * step };
}
