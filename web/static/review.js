/** The review page: everybody's phrases of one image after another, judged by buttons or keys. */

import { Photo, letterOf } from "./review-photo.js";
import { get, judge } from "./review-server.js";
import { askReason, askWords } from "./review-dialogs.js";

/** @typedef {import("./review-photo.js").Phrase} Phrase */

/** @type {{id: number, key: string, waiting: number}[]} */
let images = [];
let all = false; // also those where nothing waits
/** @type {any} */
let state = null;
/** @type {number | null} */
let held = null; // the phrase that keys act on
let busy = false;

const photo = new Photo(/** @type {SVGSVGElement} */ (/** @type {unknown} */ (part("boxes"))), {
  held: (id) => id !== null && hold(id),
  broken: () => (part("broken").hidden = false),
});

// Showing ------------------------------------------------------------------------------------------------------

function render() {
  const { phrases, people, groups, agreement, skips } = state;
  photo.render(phrases, people, held, groupOf(held));
  part("figures").textContent = figures(people, agreement);
  part("skips").hidden = skips.length === 0;
  part("skips").replaceChildren(...skips.map((/** @type {any} */ skip) => line(`${skip.annotator} skipped it: ${skip.reason}`)));
  part("groups").replaceChildren(...groups.map(showGroup));
  button("undo").disabled = busy || !state.undoable;
  button("redo").disabled = busy || !state.redoable;
  const at = images.findIndex(({ id }) => id === state.image.id);
  part("position").textContent = `${at + 1} of ${images.length}`;
  button("previous").disabled = at <= 0;
}

/** @param {string[]} people @param {{boxes: number | null, words: number | null}} agreement */
function figures(people, agreement) {
  const names = people.map((name) => `${letterOf(people, name)} ${name}`).join(" · ");
  if (agreement.boxes === null) return names;
  const words = agreement.words === null ? "" : `, words ${percent(agreement.words)} alike`;
  return `${names}. Boxes agree ${percent(agreement.boxes)}${words}.`;
}

/** @param {number[]} ids @param {number} at */
function showGroup(ids, at) {
  const group = copy("group");
  const of = ids.map(phraseOf).sort((one, other) => order(one) - order(other));
  const several = of.length === 1 ? "1 phrase" : `${of.length} phrases`;
  find(group, "h3").textContent = `Thing ${at + 1} · ${several}`;
  find(group, "ul").replaceChildren(...of.map(showPhrase));
  const write = /** @type {HTMLButtonElement} */ (find(group, ".write"));
  write.disabled = busy;
  write.setAttribute("aria-label", `Write one of these, thing ${at + 1}`);
  write.addEventListener("click", () => adjudicate(ids));
  const all = /** @type {HTMLButtonElement} */ (find(group, ".accept-all"));
  all.disabled = busy;
  all.hidden = ids.length < 2;
  all.setAttribute("aria-label", `Accept all of thing ${at + 1}`);
  all.addEventListener("click", () => acceptAll(ids));
  return group;
}

/** By person; what a reviewer wrote comes last. @param {Phrase} phrase */
function order({ annotator, sources }) {
  return sources.length ? Infinity : state.people.indexOf(annotator);
}

/** @param {Phrase} phrase */
function showPhrase(phrase) {
  const row = copy("phrase");
  const written = phrase.sources.length > 0;
  row.dataset.id = String(phrase.id);
  row.classList.add(phrase.state);
  row.classList.toggle("written", written);
  row.classList.toggle("held", phrase.id === held);
  find(row, ".who").textContent = written ? "R" : letterOf(state.people, phrase.annotator);
  find(row, ".who").title = phrase.annotator;
  find(row, ".words").textContent = phrase.text;
  find(row, ".standing").textContent = standing(phrase);
  for (const [name, judged] of [["accept", "accepted"], ["reject", "rejected"]]) {
    const each = /** @type {HTMLButtonElement} */ (find(row, `.${name}`));
    each.disabled = busy;
    each.setAttribute("aria-pressed", String(phrase.state === judged));
    each.setAttribute("aria-label", `${name === "accept" ? "Accept" : "Reject"} “${phrase.text}” by ${phrase.annotator}`);
    each.addEventListener("click", () => (name === "accept" ? accept([phrase.id]) : reject(phrase.id)));
  }
  row.addEventListener("focusin", () => hold(phrase.id));
  row.addEventListener("pointerenter", () => hold(phrase.id));
  return row;
}

/** @param {Phrase} phrase */
function standing(phrase) {
  const told = [];
  if (phrase.state === "accepted") told.push("accepted");
  if (phrase.state === "rejected") told.push(`rejected: ${phrase.reason}`);
  if (phrase.sources.length) told.push(`written by ${phrase.annotator} from ${phrase.sources.length}`);
  if (phrase.suggestion) told.push(`a suggestion, ${phrase.suggestion}`);
  if (phrase.seconds !== null) told.push(`${Math.round(phrase.seconds)} s`);
  return told.join(" · ");
}

/** @param {number | null} id */
function hold(id) {
  if (id === held || !state) return;
  held = id;
  photo.render(state.phrases, state.people, held, groupOf(held));
  for (const row of document.querySelectorAll(".phrase")) {
    row.classList.toggle("held", /** @type {HTMLElement} */ (row).dataset.id === String(held));
  }
}

// Judging ------------------------------------------------------------------------------------------------------

/** @param {Record<string, unknown>} act @param {string} said @param {number[]} [about] */
async function send(act, said, about = []) {
  if (busy || !state) return;
  busy = true;
  const focused = /** @type {HTMLElement | null} */ (document.activeElement?.closest(".phrase"))?.dataset.id;
  render();
  const versions = Object.fromEntries(about.map((id) => [id, phraseOf(id).version]));
  const answer = await judge(state.image.id, { ...act, versions }, () => tell("not saved yet, trying again", true));
  busy = false;
  if (answer.status === 200) {
    state = answer.body.state;
    tell(`saved ${new Date(answer.body.saved_at).toTimeString().slice(0, 5)}`);
    say(said);
  } else {
    tell("not saved", true);
    notify(answer.body?.error ?? "The server does not answer: this was not saved.");
    if (answer.status === 409 || answer.status === 422) await reload();
  }
  render();
  if (focused) rowOf(Number(focused))?.focus();
}

/** @param {number[]} ids */
function accept(ids) {
  const again = ids.every((id) => phraseOf(id).state === "accepted");
  return send({ kind: again ? "reopen" : "accept", phrases: ids }, again ? "Waits for review again" : "Accepted", ids);
}

/** @param {number[]} ids */
function acceptAll(ids) {
  return accept(ids.filter((id) => phraseOf(id).sources.length === 0));
}

/** @param {number} id */
async function reject(id) {
  const phrase = phraseOf(id);
  if (phrase.state === "rejected") return send({ kind: "reopen", phrases: [id] }, "Waits for review again", [id]);
  const reason = await askReason(phrase.text);
  if (reason !== null) await send({ kind: "reject", phrases: [id], reason }, "Rejected", [id]);
}

/** @param {number[]} ids */
async function adjudicate(ids) {
  const sources = ids.map(phraseOf).filter((phrase) => phrase.sources.length === 0);
  const written = await askWords(sources, (name) => letterOf(state.people, name));
  if (written) await send({ kind: "adjudicate", ...written }, `Written: ${written.text}`, written.sources);
}

/** @param {number | null} id @returns {number[]} */
function groupOf(id) {
  return state.groups.find((/** @type {(number | null)[]} */ group) => group.includes(id)) ?? [];
}

// One image after another --------------------------------------------------------------------------------------

async function list() {
  const answer = await get("/api/review");
  if (answer.status !== 200) return notify(answer.body?.error ?? "The server does not answer.");
  images = answer.body.images.filter((/** @type {any} */ image) => all || image.waiting > 0);
  const here = Number(location.hash.slice(1));
  if (here && !images.some(({ id }) => id === here)) {
    const there = answer.body.images.find((/** @type {any} */ image) => image.id === here);
    if (there) images = [...images, there].sort((one, other) => one.id - other.id);
  }
  const none = images.length === 0;
  part("nothing").hidden = !none;
  part("photo").hidden = part("panel").hidden = none;
  if (none) return part("nothing").focus();
  await open((images.find(({ id }) => id === here) ?? images[0]).id);
}

/** @param {number} id */
async function open(id) {
  const answer = await get(`/api/review/images/${id}`);
  if (answer.status !== 200) return notify(answer.body?.error ?? "The server does not answer.");
  state = answer.body;
  held = null;
  part("broken").hidden = true;
  part("image-key").textContent = state.image.key;
  photo.open(state.image);
  history.replaceState(null, "", `#${id}`);
  render();
  say(`Image ${state.image.key}, ${state.phrases.length} phrases of ${state.people.length} people`);
  (/** @type {HTMLElement | null} */ (document.querySelector(".phrase")) ?? part("panel")).focus({ preventScroll: true });
}

async function reload() {
  const answer = await get(`/api/review/images/${state.image.id}`);
  if (answer.status === 200) state = answer.body;
}

/** @param {1 | -1} step */
async function turn(step) {
  const at = images.findIndex(({ id }) => id === state?.image.id);
  const next = images[at + step];
  if (next) return open(next.id);
  if (step === 1) {
    history.replaceState(null, "", "#");
    await list(); // what was submitted meanwhile, or what was left out
  }
}

// Keys and buttons ---------------------------------------------------------------------------------------------

/** @param {1 | -1} step */
function walk(step) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".phrase")]);
  const at = rows.findIndex(({ dataset }) => dataset.id === String(held));
  rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
}

addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.isComposing || document.querySelector("dialog[open]") || target.matches("input") || !state) return;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  /** @type {Record<string, () => unknown>} */
  const commands = {
    arrowdown: () => walk(1),
    arrowup: () => walk(-1),
    a: () => held !== null && accept([held]),
    r: () => held !== null && reject(held),
    g: () => held !== null && acceptAll(groupOf(held)),
    w: () => held !== null && adjudicate(groupOf(held)),
    u: () => (event.shiftKey ? redo() : undo()),
    "[": () => turn(-1),
    "]": () => turn(1),
    "?": () => showKeys(),
  };
  const command = plain ? commands[event.key.toLowerCase()] : event.key === "Enter" && !event.altKey ? () => turn(1) : undefined;
  if (!command) return;
  event.preventDefault();
  command();
});

const undo = () => state?.undoable && send({ kind: "undo" }, "Undone");
const redo = () => state?.redoable && send({ kind: "redo" }, "Done again");
const showKeys = () => /** @type {HTMLDialogElement} */ (part("keys-dialog")).showModal();
part("undo").addEventListener("click", undo);
part("redo").addEventListener("click", redo);
part("keys").addEventListener("click", showKeys);
part("previous").addEventListener("click", () => turn(-1));
part("next").addEventListener("click", () => turn(1));
part("show-all").addEventListener("click", () => ((all = true), list()));
find(part("notice"), "button").addEventListener("click", () => (part("notice").hidden = true));

await list();

// Small things -------------------------------------------------------------------------------------------------

/** @param {number} id @returns {Phrase} */
function phraseOf(id) {
  return state.phrases.find((/** @type {Phrase} */ phrase) => phrase.id === id);
}

/** @param {number} id */
function rowOf(id) {
  return /** @type {HTMLElement | null} */ (document.querySelector(`.phrase[data-id="${id}"]`));
}

/** @param {string} text */
function line(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(100 * share)} %`;
}

/** @param {string} text @param {boolean} [trouble] */
function tell(text, trouble = false) {
  part("saved").textContent = text;
  part("saved").classList.toggle("trouble", trouble);
}

/** @param {string} sentence */
function notify(sentence) {
  part("notice").hidden = false;
  find(part("notice"), "span").textContent = sentence;
}

/** @param {string} text */
function say(text) {
  part("spoken").textContent = "";
  requestAnimationFrame(() => (part("spoken").textContent = text));
}

/** @param {string} id */
function copy(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (template.content.cloneNode(true)).firstElementChild);
}

/** @param {ParentNode} within @param {string} what */
function find(within, what) {
  return /** @type {HTMLElement} */ (within.querySelector(what));
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (part(id));
}
