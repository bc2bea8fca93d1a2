/**
 * What is on one image: the state that the server last told, and the operations that it has not acknowledged yet
 * played on top of it. Pure functions; nothing here knows of pages or of networks.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {number | string} PhraseId  the server's number, or, until it is known, the op_id of the `add`
 * @typedef {{id: PhraseId, text: string, box: Box, version?: number}} Phrase
 * @typedef {{state: "open" | "submitted" | "skipped", reason: string | null}} Assignment
 * @typedef {{id: number, key: string, width: number, height: number, photo: string}} Image
 * @typedef {{image: Image, assignment: Assignment, phrases: Phrase[], undoable: boolean}} ImageState
 * @typedef {{
 *   op_id: string, image: number, kind: "add" | "edit" | "move" | "delete" | "undo" | "submit" | "skip",
 *   phrase?: PhraseId, text?: string, box?: Box, reason?: string, seconds?: number,
 * }} Operation
 */

/** As many characters as the server takes in a phrase. */
export const LONGEST_PHRASE = 1000;

/** The state after one operation that is no undo. @param {ImageState} state @param {Operation} operation @returns {ImageState} */
export function apply(state, operation) {
  switch (operation.kind) {
    case "add": {
      const { op_id: id, text = "", box = [0, 0, 1, 1] } = operation;
      return { ...state, undoable: true, phrases: [...state.phrases, { id, text, box }] };
    }
    case "edit":
      return change(state, operation.phrase, (phrase) => ({ ...phrase, text: operation.text ?? phrase.text }));
    case "move":
      return change(state, operation.phrase, (phrase) => ({ ...phrase, box: operation.box ?? phrase.box }));
    case "delete":
      return { ...state, undoable: true, phrases: state.phrases.filter(({ id }) => id !== operation.phrase) };
    case "submit":
      return { ...state, undoable: true, assignment: { state: "submitted", reason: null } };
    case "skip":
      return { ...state, undoable: true, assignment: { state: "skipped", reason: operation.reason ?? "" } };
    default:
      return state;
  }
}

/**
 * The state after the operations that wait. An undo takes back the last one that waits; where none does, what it takes
 * back is the server's to say, and the state stays as it is until then.
 *
 * @param {ImageState} base @param {Operation[]} operations
 * @returns {ImageState}
 */
export function replay(base, operations) {
  /** @type {ImageState[]} */
  const before = [];
  let state = base;
  for (const operation of operations.filter(({ image }) => image === base.image.id)) {
    if (operation.kind === "undo") {
      state = before.pop() ?? state;
    } else {
      before.push(state);
      state = apply(state, operation);
    }
  }
  return state;
}

/** Operations that named a phrase by the `add` that made it, naming it by the server's number. @param {Operation[]} operations @param {string} opId @param {PhraseId} phrase @returns {Operation[]} */
export function settle(operations, opId, phrase) {
  return operations.map((operation) => (operation.phrase === opId ? { ...operation, phrase } : operation));
}

/** The phrase as it is kept: one line, single spaces, none around it. @param {string} text */
export function tidyText(text) {
  return text.replace(/\s+/g, " ").trim();
}

/** Why a text cannot be a phrase, as a sentence; null where it can. @param {string} text @returns {string | null} */
export function objection(text) {
  const tidy = tidyText(text);
  if (tidy === "") return "A phrase needs words.";
  const length = [...tidy].length; // characters, as the server counts them; an emoji is one
  if (length > LONGEST_PHRASE) {
    return `A phrase has at most ${group(LONGEST_PHRASE)} characters; this one has ${group(length)}.`;
  }
  return null;
}

/** The id before or after `current` in the list, round the ends. @param {Phrase[]} phrases @param {PhraseId | null} current @param {1 | -1} step @returns {PhraseId | null} */
export function neighbour(phrases, current, step) {
  if (phrases.length === 0) return null;
  const at = phrases.findIndex(({ id }) => id === current);
  const next = at === -1 ? (step === 1 ? 0 : phrases.length - 1) : (at + step + phrases.length) % phrases.length;
  return phrases[next].id;
}

/** 8091 → "8,091". @param {number} count */
export function group(count) {
  return count.toLocaleString("en-US");
}

/** @param {ImageState} state @param {PhraseId | undefined} id @param {(phrase: Phrase) => Phrase} how @returns {ImageState} */
function change(state, id, how) {
  const phrases = state.phrases.map((phrase) => (phrase.id === id ? how(phrase) : phrase));
  return { ...state, undoable: true, phrases };
}
