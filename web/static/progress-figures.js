/** The figures of /api/progress as words. Pure functions. */

/** How far the whole is, and its tiles. @param {any} progress */
export function figuresOf({ images, work, phrases, agreement }) {
  const wanted = work.wanted ?? images.total;
  const done = work.wanted === null ? images.complete : Math.min(work.submitted, wanted);
  /** @type {[string, string][]} */
  const tiles = [
    ["images complete", `${count(images.complete)} of ${count(images.total)}`],
    ["images begun", count(images.begun)],
    ["phrases", count(phrases)],
    ["submitted in the last hour", count(work.last_hour)],
  ];
  if (work.hours_left !== null) tiles.push(["hours of work left", count(Math.max(1, Math.round(work.hours_left)))]);
  if (images.given_up) tiles.push(["images given up", count(images.given_up)]);
  if (agreement?.boxes != null) tiles.push(["boxes agree", percent(agreement.boxes)]);
  if (agreement?.words != null) tiles.push(["words alike", percent(agreement.words)]);
  const what = work.wanted === null ? "images" : "submissions";
  return { whole: { done, of: wanted, text: `${count(done)} of ${count(wanted)} ${what}` }, tiles };
}

/**
 * The columns of the people's table: those that there is something to say in.
 *
 * @param {any} progress
 * @returns {{name: string, value: (person: any) => string}[]}
 */
export function columnsOf({ people }) {
  const some = (/** @type {(person: any) => unknown} */ what) => people.some((/** @type {any} */ person) => what(person));
  const columns = [
    { name: "Annotator", value: (/** @type {any} */ p) => p.annotator + (p.left ? " (left)" : "") },
    { name: "Submitted", value: (/** @type {any} */ p) => count(p.submitted) },
    { name: "Open", value: (/** @type {any} */ p) => count(p.open) },
    { name: "Skipped", value: (/** @type {any} */ p) => count(p.skipped) },
    { name: "Phrases", value: (/** @type {any} */ p) => count(p.phrases) },
    { name: "Pace", value: (/** @type {any} */ p) => rounded(p.images_per_hour, "/h") },
    { name: "Time", value: (/** @type {any} */ p) => rounded(p.seconds_per_phrase, " s") },
  ];
  if (some((p) => p.agreement)) {
    columns.push({ name: "Boxes", value: (p) => percent(p.agreement?.boxes) });
    columns.push({ name: "Words", value: (p) => percent(p.agreement?.words) });
  }
  if (some((p) => p.suggestions.seen)) {
    columns.push({ name: "Suggestions taken", value: (p) => `${p.suggestions.accepted + p.suggestions.edited} of ${p.suggestions.seen}` });
  }
  if (some((p) => p.practice)) columns.push({ name: "Practice", value: (p) => percent(p.practice?.score) });
  columns.push({ name: "Last", value: (p) => (p.last ? when(new Date(p.last)) : "") });
  return columns;
}

/** @param {number} value */
function count(value) {
  return value.toLocaleString("en-US");
}

/** @param {number | null | undefined} share */
function percent(share) {
  return share == null ? "–" : `${Math.round(100 * share)} %`;
}

/** @param {number | null} value @param {string} unit */
function rounded(value, unit) {
  return value === null ? "–" : `${value.toFixed(value < 10 ? 1 : 0)}${unit}`;
}

/** @param {Date} time */
function when(time) {
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  const day = time.toDateString() === new Date().toDateString() ? "" : `${time.getMonth() + 1}/${time.getDate()} `;
  return `${day}${two(time.getHours())}:${two(time.getMinutes())}`;
}
