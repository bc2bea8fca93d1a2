/**
 * Which suggestion has which digit. At most nine are offered at a time; one keeps its digit until it is used or dismissed,
 * then the next one takes its place. Pure functions.
 *
 * @typedef {import("./state.js").Suggestion} Suggestion
 * @typedef {(number | null)[]} Slots  ids of suggestions, in the order of the digits
 */

export const SLOTS = 9;

/** @param {Slots} slots @param {Suggestion[]} list @returns {Slots} */
export function fill(slots, list) {
  const open = list.filter(isOpen).map(({ id }) => id);
  const kept = Array.from({ length: SLOTS }, (_, at) => (open.includes(slots[at] ?? -1) ? slots[at] : null));
  const waiting = open.filter((id) => !kept.includes(id));
  return kept.map((id) => id ?? waiting.shift() ?? null);
}

/** Neither used nor dismissed. @param {Suggestion} suggestion */
export function isOpen({ exposure, phrase }) {
  return phrase === null && (exposure === "offered" || exposure === "shown");
}
