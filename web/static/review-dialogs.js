/**
 * The questions that the review page asks: why a phrase is rejected, and what a thing's own phrase is.
 *
 * @typedef {import("./review-photo.js").Phrase} Phrase
 * @typedef {{sources: number[], text: string, box: [number, number, number, number]}} Written
 */

const LONGEST = 1000;

/** Why a phrase is rejected; null where it is not. @param {string} words @returns {Promise<string | null>} */
export function askReason(words) {
  part("reject-words").textContent = words;
  const field = input("reject-reason");
  field.value = "";
  return ask("reject-dialog", field, part("reject-objection"), () => {
    const reason = field.value.trim();
    return reason ? { answer: reason } : { objection: "Say it in a few words." };
  });
}

/**
 * The phrase that a reviewer writes from what people wrote; null where none is.
 *
 * @param {Phrase[]} phrases @param {(name: string) => string} letter
 * @returns {Promise<Written | null>}
 */
export function askWords(phrases, letter) {
  const field = input("write-words");
  field.value = phrases[0]?.text ?? "";
  const rows = phrases.map((phrase, at) => source(phrase, letter(phrase.annotator), at === 0));
  part("sources").replaceChildren(...rows.map(({ row }) => row));
  return ask("write-dialog", field, part("write-objection"), () => {
    const text = field.value.replace(/\s+/g, " ").trim();
    const from = rows.filter(({ used }) => used.checked).map(({ phrase }) => phrase);
    const box = rows.find(({ boxed }) => boxed.checked)?.phrase.box;
    if (!text) return { objection: "A phrase needs words." };
    if ([...text].length > LONGEST) return { objection: "A phrase has at most 1,000 characters." };
    if (!from.length || !box) return { objection: "Choose what it is written from, and whose box it has." };
    return { answer: { sources: from.map(({ id }) => id), text, box } };
  });
}

/** @param {Phrase} phrase @param {string} letter @param {boolean} first */
function source(phrase, letter, first) {
  const row = document.createElement("li");
  const used = choice("checkbox", "used", `Written from “${phrase.text}” by ${phrase.annotator}`, true);
  const boxed = choice("radio", "boxed", `With the box of “${phrase.text}” by ${phrase.annotator}`, first);
  const label = document.createElement("span");
  const words = document.createElement("span");
  label.textContent = `${letter} · `;
  words.textContent = phrase.text;
  words.dir = "auto";
  row.append(used, " ", boxed, " ", label, words);
  return { row, used, boxed, phrase };
}

/** @param {string} type @param {string} name @param {string} label @param {boolean} checked */
function choice(type, name, label, checked) {
  const made = document.createElement("input");
  Object.assign(made, { type, name, checked });
  made.setAttribute("aria-label", label);
  made.title = label;
  return made;
}

/**
 * Show a dialog until it has an answer or is left.
 *
 * @template T
 * @param {string} id @param {HTMLInputElement} field @param {HTMLElement} told @param {() => {answer?: T, objection?: string}} read
 * @returns {Promise<T | null>}
 */
function ask(id, field, told, read) {
  const dialog = /** @type {HTMLDialogElement} */ (part(id));
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  told.textContent = "";
  dialog.showModal();
  field.focus();
  field.select();
  return new Promise((resolve) => {
    /** @type {T | null} */
    let answer = null;
    form.onsubmit = (event) => {
      event.preventDefault();
      const given = read();
      told.textContent = given.objection ?? "";
      if (given.answer === undefined) return field.focus();
      answer = given.answer;
      dialog.close();
    };
    /** @type {HTMLButtonElement} */ (dialog.querySelector("[value=cancel]")).onclick = () => dialog.close();
    dialog.onclose = () => resolve(answer);
  });
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (part(id));
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
