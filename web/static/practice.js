/**
 * How a practice image went: each known answer beside what the person wrote.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {{box: Box, phrases: string[], phrase: number | null, iou: number, similarity: number, right: boolean}} Answer
 * @typedef {{score: number, extra: number[], answers: Answer[]}} Graded
 */

/** One line for each answer: what it is and how near the person came. @param {Answer} answer @param {import("./state.js").Phrase[]} phrases */
export function lineOf(answer, phrases) {
  const own = phrases.findIndex(({ id }) => id === answer.phrase);
  const known = answer.phrases.map((text) => `“${text}”`).join(" or ");
  if (own === -1) return `${known}: there was no box of yours here`;
  return `${known}: your box ${own + 1} covers it ${percent(answer.iou)}, your words are ${percent(answer.similarity)} alike`;
}

/** @param {Graded} graded */
export function headingOf({ score, answers }) {
  return `Practice: ${answers.filter(({ right }) => right).length} of ${answers.length} right (${percent(score)})`;
}

/** Show it under the list. @param {HTMLElement} section @param {Graded} graded @param {import("./state.js").Phrase[]} phrases */
export function showGraded(section, graded, phrases) {
  const heading = document.createElement("h3");
  heading.textContent = headingOf(graded);
  const list = document.createElement("ul");
  for (const answer of graded.answers) {
    const item = document.createElement("li");
    item.className = answer.right ? "right" : "wrong";
    const mark = document.createElement("span");
    mark.textContent = answer.right ? "✓ right: " : "✗ not yet: ";
    item.append(mark, lineOf(answer, phrases));
    list.append(item);
  }
  section.replaceChildren(heading, list);
  if (graded.extra.length) {
    const extra = document.createElement("p");
    extra.textContent = "Your other boxes were not compared: no answer is known for them.";
    section.append(extra);
  }
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(100 * share)} %`;
}
