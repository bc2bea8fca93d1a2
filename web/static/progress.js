/** The progress page: asks for the figures every few seconds, and shows them where they changed. */

import { figuresOf, columnsOf } from "./progress-figures.js";
import { post } from "./review-server.js";

const EVERY = 4000; // milliseconds

let tag = "";
let failures = 0;

async function look() {
  try {
    const answer = await fetch("/api/progress", { headers: tag ? { "if-none-match": tag } : {}, cache: "no-store" });
    if (answer.status === 200) {
      tag = answer.headers.get("etag") ?? "";
      show(await answer.json());
    } else if (answer.status !== 304) {
      notify((await answer.json()).error);
      if (answer.status === 401 || answer.status === 403) return; // asking again does not help
    }
    failures = 0;
    part("fresh").textContent = `as of ${new Date().toTimeString().slice(0, 8)}`;
    part("fresh").classList.remove("trouble");
  } catch {
    failures += 1;
    part("fresh").textContent = "the server does not answer, trying again";
    part("fresh").classList.add("trouble");
  }
  setTimeout(look, Math.min(EVERY * (1 + failures), 30000));
}

/** @param {any} progress */
function show(progress) {
  const { whole, tiles } = figuresOf(progress);
  const bar = /** @type {HTMLProgressElement} */ (part("done"));
  bar.max = Math.max(1, whole.of);
  bar.value = whole.done;
  part("done-text").textContent = whole.text;
  part("tiles").replaceChildren(...tiles.map(([name, value]) => tile(name, value)));
  const columns = columnsOf(progress);
  part("columns").replaceChildren(...columns.map(({ name }) => cell("th", name, "col")));
  part("people").replaceChildren(...progress.people.map((/** @type {any} */ person) => row(columns, person)));
  part("nobody").hidden = progress.people.length > 0;
}

/** @param {string} name @param {string} value */
function tile(name, value) {
  const pair = document.createElement("div");
  pair.append(element("dt", name), element("dd", value));
  return pair;
}

/** @param {ReturnType<typeof columnsOf>} columns @param {any} person */
function row(columns, person) {
  const made = document.createElement("tr");
  made.append(...columns.map(({ value }, at) => cell(at === 0 ? "th" : "td", value(person), at === 0 ? "row" : "")));
  return made;
}

/** @param {string} name @param {string} text @param {string} scope */
function cell(name, text, scope) {
  const made = element(name, text);
  if (scope) made.setAttribute("scope", scope);
  return made;
}

/** @param {string} name @param {string} text */
function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** @param {SubmitEvent} event */
async function invite(event) {
  event.preventDefault();
  const field = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (part(id)).value;
  const answer = await post("/api/people", JSON.stringify({ name: field("invite-name"), role: field("invite-role") }));
  if (answer.status !== 200) return notify(answer.body?.error ?? "The server does not answer: no link was made.");
  const { annotator, role, link } = answer.body;
  part("link").textContent = `${link} lets ${annotator} in as ${role}, once, within 14 days.`;
}

/** @param {string} sentence */
function notify(sentence) {
  part("notice").hidden = false;
  /** @type {HTMLElement} */ (part("notice").querySelector("span")).textContent = sentence;
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

document.getElementById("invite")?.addEventListener("submit", (event) => invite(/** @type {SubmitEvent} */ (event)));
part("notice").querySelector("button")?.addEventListener("click", () => (part("notice").hidden = true));
await look();
