/** What the annotation page asks first: this script comes alone, and the server answers while the others are fetched. */

import { askHere, askSession } from "./server.js";

export const session = askSession();

/** @type {Promise<import("./sync.js").Answer> | null} */
let early = askHere();

/** The image to begin with; asked again from the second call on. */
export function askFirst() {
  const answer = early ?? askHere();
  early = null;
  return answer;
}
