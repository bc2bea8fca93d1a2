/**
 * What is on one image: the state that the server last told, and the operations that it has not acknowledged yet
 * played on top of it. Pure functions; nothing here knows of pages or of networks.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {number | string} PhraseId  the server's number, or, until it is known, the op_id of the `add`
 * @typedef {{id: PhraseId, text: string, box: Box, state: string, version?: number, reason?: string | null}} Phrase
 * @typedef {{id: number, text: string, box: Box, annotator: string}} OtherPhrase
 * @typedef {{state: "open" | "submitted" | "skipped" | "released", reason: string | null, practice: boolean, score: number | null}} Assignment
 * @typedef {{id: number, key: string, width: number, height: number, photo: string}} Image
 * @typedef {{id: number, kind: "box" | "phrase", box: Box | null, text: string | null, score: number | null, exposure: string, phrase: PhraseId | null}} Suggestion
 * @typedef {{asked: boolean, boxes: number, phrases: number, list: Suggestion[]}} Suggestions
 * @typedef {{
 *   image: Image, assignment: Assignment, phrases: Phrase[], others: OtherPhrase[], suggestions: Suggestions | null,
 *   undoable: boolean, redoable: boolean,
 * }} ImageState
 * @typedef {"add" | "edit" | "move" | "delete" | "undo" | "redo" | "submit" | "skip" | "seen" | "ignore"} Kind
 * @typedef {{
 *   op_id: string, image: number, kind: Kind, phrase?: PhraseId, text?: string, box?: Box, reason?: string,
 *   seconds?: number, version?: number, suggestion?: number, suggestions?: number[],
 * }} Operation
 */

/** As many characters as the server takes in a phrase or a reason. */
export const LONGEST_PHRASE = 1000;

/** The state after one operation that is no undo or redo. @param {ImageState} state @param {Operation} operation @returns {ImageState} */
export function apply(state, operation) {
  const done = { ...state, undoable: true, redoable: false };
  switch (operation.kind) {
    case "add": {
      const { op_id: id, text = "", box = [0, 0, 1, 1] } = operation;
      const added = [...state.phrases, { id, text, box, state: "draft" }];
      return { ...done, phrases: added, suggestions: noted(state, operation.suggestion, { phrase: id }) };
    }
    case "edit":
      return { ...done, phrases: change(state, operation.phrase, { text: operation.text }) };
    case "move":
      return { ...done, phrases: change(state, operation.phrase, { box: operation.box }) };
    case "delete":
      return { ...done, phrases: state.phrases.filter(({ id }) => id !== operation.phrase) };
    case "submit":
      return { ...done, assignment: { ...state.assignment, state: "submitted", reason: operation.reason ?? null } };
    case "skip":
      return { ...done, assignment: { ...state.assignment, state: "skipped", reason: operation.reason ?? "" } };
    case "ignore":
      return { ...done, suggestions: noted(state, operation.suggestion, { exposure: "ignored" }) };
    default:
      return state;
  }
}

/**
 * The state after the operations that wait. An undo takes back the last one that waits, else the last one that was
 * acknowledged on this page (`earlier` holds the states before those); what lies further back is the server's to say, and
 * the state stays as it is until then.
 *
 * @param {ImageState} base @param {Operation[]} operations @param {ImageState[]} [earlier]
 * @returns {ImageState}
 */
export function replay(base, operations, earlier = []) {
  const before = [...earlier];
  /** @type {ImageState[]} */
  const after = [];
  let state = base;
  for (const operation of operations.filter(({ image }) => image === base.image.id)) {
    if (operation.kind === "undo") {
      const back = before.pop();
      if (back) after.push(state);
      state = back ? { ...back, redoable: true } : state;
    } else if (operation.kind === "redo") {
      const forth = after.pop();
      if (forth) before.push(state);
      state = forth ?? state;
    } else {
      if (isStep(operation)) {
        before.push(state);
        after.length = 0;
      }
      state = apply(state, operation);
    }
  }
  return state;
}

/** Whether an undo takes it back. @param {Operation} operation */
export function isStep({ kind }) {
  return kind !== "seen" && kind !== "undo" && kind !== "redo";
}

/** The state with what the server made of an `add`, an `edit` or a `move`. @param {ImageState} state @param {PhraseId} id @param {Phrase} phrase @returns {ImageState} */
export function withPhrase(state, id, phrase) {
  const list = state.suggestions?.list.map((each) => (each.phrase === id ? { ...each, phrase: phrase.id } : each));
  return {
    ...state,
    phrases: change(state, id, phrase),
    suggestions: state.suggestions && { ...state.suggestions, list: list ?? [] },
  };
}

/**
 * Operations that wait, after one was acknowledged: they name its phrase by the server's number, and build on the version
 * that the server told.
 *
 * @param {Operation[]} operations @param {Operation} done @param {{id: PhraseId, version?: number} | null} phrase
 * @returns {Operation[]}
 */
export function settle(operations, done, phrase) {
  if (!phrase) return operations;
  return operations.map((operation) => {
    if (operation.phrase !== done.op_id && operation.phrase !== phrase.id) return operation;
    return { ...operation, phrase: phrase.id, version: phrase.version };
  });
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
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** @param {ImageState} state @param {PhraseId | undefined} id @param {Partial<Phrase>} fields @returns {Phrase[]} */
function change(state, id, fields) {
  return state.phrases.map((phrase) => (phrase.id === id ? { ...phrase, ...fields } : phrase));
}

/** @param {ImageState} state @param {number | undefined} id @param {Partial<Suggestion>} fields @returns {Suggestions | null} */
function noted({ suggestions }, id, fields) {
  if (!suggestions || id === undefined) return suggestions;
  return { ...suggestions, list: suggestions.list.map((each) => (each.id === id ? { ...each, ...fields } : each)) };
}
