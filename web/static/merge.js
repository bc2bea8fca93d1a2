/**
 * Two versions of one phrase: what the person wanted, and what somebody (or another tab) made of it meanwhile. Nothing is
 * overwritten: the person chooses words and box, and only then it is sent, for the version that they saw.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./outbox.js").Entry} Entry
 * @typedef {import("./outbox.js").Conflict} Conflict
 * @typedef {import("./state.js").Operation} Operation
 * @typedef {{text: string | null, box: Box | null, gone: boolean}} Version  what a phrase is in one of them
 * @typedef {{keys: string[], image: number, kind: string, mine: Version, theirs: Version, who: string,
 *   phrase: number | null, version: number | undefined}} Case
 */

import { same } from "./geometry.js";

/** Changes of one phrase are one case: the first that is held, with those of the same phrase. @param {Entry[]} held @returns {Case | null} */
export function caseOf(held) {
  const [first] = held;
  if (!first?.conflict) return null;
  const { phrase, image } = first.operation;
  const together = held.filter(({ operation }) => operation.image === image && operation.phrase === phrase && operation.kind !== "undo");
  const entries = together.includes(first) ? together : [first];
  const { kind, base, theirs, by, you } = first.conflict;
  const text = last(entries, "text") ?? base?.text ?? null;
  const box = last(entries, "box") ?? theirs?.box ?? base?.box ?? null;
  return {
    keys: entries.map(({ key }) => key),
    image,
    kind,
    mine: { text: text ?? theirs?.text ?? null, box, gone: entries.some(({ operation }) => operation.kind === "delete") },
    theirs: { text: theirs?.text ?? null, box: theirs?.box ?? null, gone: !theirs },
    who: you ? "You changed this phrase in another tab or on another device" : `${by ?? "Somebody"} changed this phrase meanwhile`,
    phrase: typeof theirs?.id === "number" ? theirs.id : null,
    version: theirs?.version,
  };
}

/** Whether there is something to choose, or only something to be told. @param {Case} found */
export function isChoice({ kind, mine }) {
  return (kind === "changed" || kind === "deleted") && (mine.gone || mine.text !== null);
}

/**
 * The operations that make the phrase what the person chose.
 *
 * @param {Case} found @param {{text: string, box: Box} | null} chosen  null: it is to be deleted
 * @param {() => string} makeId
 * @returns {Operation[]}
 */
export function resolve({ image, theirs, phrase, version }, chosen, makeId) {
  /** @param {Partial<Operation> & {kind: Operation["kind"]}} rest @returns {Operation} */
  const operation = (rest) => ({ op_id: makeId(), image, ...rest });
  if (theirs.gone || phrase === null) return chosen ? [operation({ kind: "add", ...chosen })] : [];
  if (!chosen) return [operation({ kind: "delete", phrase, version })];
  const changes = [];
  if (chosen.text !== theirs.text) changes.push(operation({ kind: "edit", phrase, version, text: chosen.text }));
  if (!theirs.box || !same(chosen.box, theirs.box)) changes.push(operation({ kind: "move", phrase, version, box: chosen.box }));
  return changes;
}

/** @template {"text" | "box"} Name @param {Entry[]} entries @param {Name} name @returns {NonNullable<Operation[Name]> | null} */
function last(entries, name) {
  const found = entries.map(({ operation }) => operation[name]).filter((value) => value !== undefined);
  return /** @type {NonNullable<Operation[Name]>} */ (found.at(-1)) ?? null;
}
