/** The annotation page: finds its parts, ties them together, and opens one image after another. */

import { Canvas } from "./canvas.js";
import { Composer } from "./composer.js";
import { Desk } from "./desk.js";
import { claim, prepareKeys, prepareSkip } from "./dialogs.js";
import { Drafts } from "./drafts.js";
import { commandOf } from "./keys.js";
import { List } from "./list.js";
import { progressText, savedText, speak, stateText } from "./notices.js";
import { Outbox } from "./outbox.js";
import * as server from "./server.js";
import { Sync } from "./sync.js";

const DRAWN = "Enter saves, Esc cancels.";
const BY_KEYS = "Arrows move the box, Shift with arrows resizes it; then type its phrase.";
const ENDED = "This session has ended. Open the new address that vsa annotate prints; what is not saved yet is kept here.";
const NO_PHRASE = "There is no phrase on this image yet. Draw a box, or skip the image.";

const scope = document.body.dataset.scope ?? "";
/** @type {Date | null} */
let savedAt = null;
let busy = false; // between two images
let lostTab = false;

const outbox = new Outbox(localStorage, scope);
const sync = new Sync(outbox, {
  post: (operation) => (lostTab ? new Promise(() => {}) : server.send(operation)),
  wait: server.pause,
  acknowledged,
  refused,
  changed: showSaved,
});
const desk = new Desk(sync, new Drafts(localStorage, scope), { render, say });
const svg = /** @type {SVGSVGElement & HTMLElement} */ (/** @type {unknown} */ (part("canvas")));
const canvas = new Canvas(svg, {
  drawn(box) {
    desk.begin(box);
    composer.open(desk.draft?.text ?? "", DRAWN);
    placeComposer();
    composer.focus();
  },
  picked(id) {
    if (desk.draft) {
      render(); // a click beside a new box does not lose it
      composer.focus();
    } else {
      desk.select(id);
      render();
      if (id !== null) list.reveal(id);
    }
  },
  adjusted(box, done) {
    desk.adjust(box, done);
    if (done && desk.draft) composer.focus();
  },
  broken: () => (part("broken").hidden = false),
});
const composer = new Composer(/** @type {HTMLFormElement} */ (part("composer")), {
  saved(text) {
    desk.save(text);
    svg.focus({ preventScroll: true });
  },
  cancelled() {
    desk.cancel();
    svg.focus({ preventScroll: true });
  },
  typed: (text) => desk.typed(text),
});
const list = new List(
  /** @type {HTMLOListElement} */ (part("list")),
  /** @type {HTMLTemplateElement} */ (part("row")),
  {
    picked: (id) => desk.select(id),
    edited: (id, text) => desk.edit(id, text),
    deleted(id) {
      desk.remove(id);
      svg.focus({ preventScroll: true });
    },
    objected: (sentence) => notify(sentence, true),
    left: () => svg.focus({ preventScroll: true }),
  },
);
const openSkip = prepareSkip((reason) => desk.skip(reason));
const openKeys = prepareKeys();

// Showing ------------------------------------------------------------------------------------------------------

function render() {
  const { state, draft, selected } = desk;
  part("stage").hidden = part("finished").hidden === false;
  if (!state) return;
  canvas.render({ phrases: state.phrases, selected, draft: draft?.box ?? null });
  list.render(state.phrases, selected);
  if (!draft) composer.close();
  else if (part("composer").hidden) composer.open(draft.text, DRAWN);
  placeComposer();
  const told = stateText(state.assignment);
  part("empty").hidden = state.phrases.length > 0 || told !== null;
  part("state").hidden = told === null;
  part("state").textContent = told;
  button("undo").disabled = busy || !state.undoable;
  button("next").disabled = button("skip").disabled = busy;
}

function placeComposer() {
  if (desk.draft) composer.place(canvas.onScreen(desk.draft.box));
}

/** @param {import("./sync.js").Status} status */
function showSaved(status) {
  const text = savedText(status, outbox.size, savedAt);
  const place = part("saved");
  const trouble = status === "offline" || status === "ended";
  if (trouble && place.textContent !== text) say(text);
  place.textContent = text;
  place.classList.toggle("trouble", trouble);
  if (status === "ended") notify(ENDED);
  if (!outbox.kept) notify("This browser keeps nothing for this page: do not close it before it says saved.");
}

/** @param {{done: number, total: number}} progress */
function showProgress(progress) {
  part("progress").textContent = progressText(progress);
  const bar = /** @type {HTMLProgressElement} */ (part("progress-bar"));
  bar.max = Math.max(1, progress.total);
  bar.value = progress.done;
}

/** @param {string} sentence @param {boolean} [fleeting]  goes with the next key or click; else when it is dismissed */
function notify(sentence, fleeting = false) {
  part("notice").hidden = false;
  part("notice").classList.toggle("fleeting", fleeting);
  /** @type {HTMLElement} */ (part("notice").querySelector("span")).textContent = sentence;
}

/** @param {string} text */
function say(text) {
  speak(part("spoken"), text);
}

// One image after another --------------------------------------------------------------------------------------

/** @param {() => Promise<import("./sync.js").Answer>} ask @param {boolean} [remember] */
async function open(ask, remember = true) {
  busy = true;
  render();
  let answer = await ask();
  for (let wait = 1000; answer.status === 0 || answer.status >= 500; wait = Math.min(2 * wait, 15000)) {
    notify("The server does not answer; trying again.");
    await server.pause(wait);
    answer = await ask();
    if (answer.status === 200) part("notice").hidden = true;
  }
  busy = false;
  if (answer.status !== 200) return notify(answer.status === 401 ? ENDED : answer.body.error);
  showProgress(answer.body.progress);
  const { state } = answer.body;
  part("finished").hidden = state !== null;
  document.querySelectorAll(".stage, .panel").forEach((each) => ((/** @type {HTMLElement} */ (each)).hidden = !state));
  if (!state) return finish();
  part("broken").hidden = true;
  part("image-key").textContent = part("image-key").title = state.image.key;
  canvas.open(state.image);
  desk.open(state);
  const here = `#${state.image.id}`;
  if (location.hash !== here) history[remember && location.hash ? "pushState" : "replaceState"](null, "", here);
  if (!desk.draft) svg.focus({ preventScroll: true });
  else composer.focus();
  say(`Image ${state.image.key}, ${state.phrases.length} phrases`);
}

function finish() {
  desk.base = null;
  say("All images are done");
  part("finished").focus();
}

function openHere() {
  const id = Number(location.hash.slice(1));
  return id > 0 ? open(() => server.askImage(id), false) : open(server.askNext);
}

function next() {
  if (busy || !desk.base) return;
  if (desk.draft && !composer.save()) return; // a box without words, or too many: it says so itself
  if (document.activeElement instanceof HTMLTextAreaElement) document.activeElement.blur(); // saves what is typed
  if (desk.state?.phrases.length === 0) return notify(NO_PHRASE, true);
  if (desk.state?.assignment.state === "submitted") return void open(server.askNext);
  desk.submit();
}

/** @param {import("./state.js").Operation} operation @param {any} body */
function acknowledged(operation, body) {
  savedAt = new Date(body.saved_at);
  showProgress(body.progress);
  if (operation.kind === "add") list.rename(operation.op_id, body.phrase);
  desk.acknowledged(operation, body);
  const leaves = operation.kind === "submit" || operation.kind === "skip";
  if (leaves && operation.image === desk.base?.image.id) open(server.askNext);
  if (operation.kind === "undo") say("Undone");
}

/** @param {import("./state.js").Operation} operation @param {string} sentence @param {import("./state.js").Operation[]} gone */
function refused(operation, sentence, gone) {
  const words = gone.map(({ text }) => text).filter(Boolean);
  notify(words.length ? `${sentence} Not saved: “${words.join("”, “")}”` : sentence);
  if (operation.image === desk.base?.image.id) openHere(); // what the server has is what counts
}

// Keys and buttons ---------------------------------------------------------------------------------------------

/** @type {Record<string, (command: import("./keys.js").Command) => void | boolean>} */
const COMMANDS = {
  next,
  skip: () => void (busy || !desk.base || openSkip()),
  help: openKeys,
  undo: () => void (button("undo").disabled || desk.undo()),
  new() {
    if (busy || !desk.base) return;
    if (!desk.draft) desk.begin();
    composer.open(desk.draft?.text ?? "", BY_KEYS);
    placeComposer();
    svg.focus({ preventScroll: true });
    say(`New box. ${BY_KEYS}`);
  },
  type() {
    if (desk.draft) composer.focus();
    else if (desk.selected !== null) list.edit(desk.selected);
    else return false;
  },
  write() {
    composer.focus(); // and the letter lands in it
    return false;
  },
  cancel: () => desk.cancel(),
  delete: () => (desk.draft ? desk.cancel() : desk.remove(desk.selected)),
  previous: () => cycle(-1),
  following: () => cycle(1),
  move: ({ dx = 0, dy = 0 }) => desk.nudge("move", dx, dy),
  resize: ({ dx = 0, dy = 0 }) => desk.nudge("resize", dx, dy),
};

/** @param {1 | -1} step */
function cycle(step) {
  desk.cycle(step);
  if (desk.selected !== null) list.reveal(desk.selected);
}

for (const kind of ["keydown", "pointerdown"]) {
  addEventListener(kind, () => part("notice").classList.contains("fleeting") && (part("notice").hidden = true), true);
}
addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = target.matches("input, textarea");
  const drafting = desk.draft !== null;
  const command = commandOf(event, { typing, drafting, onButton: target.matches("button, a, summary") });
  if (command && COMMANDS[command.name](command) !== false) event.preventDefault();
});

for (const [id, name] of [["next", "next"], ["skip", "skip"], ["undo", "undo"], ["new-box", "new"], ["show-keys", "help"]]) {
  part(id).addEventListener("click", () => COMMANDS[name]({ name }));
}
part("back").addEventListener("click", () => openHere());
/** @type {HTMLElement} */ (part("notice").querySelector("button")).addEventListener("click", () => (part("notice").hidden = true));
addEventListener("popstate", openHere);
addEventListener("pagehide", () => desk.settle());
addEventListener("online", () => sync.flush());
new ResizeObserver(placeComposer).observe(part("stage"));

await claim(scope, () => {
  lostTab = true;
  outbox.release();
  notify("This page went on in another tab.");
  document.querySelectorAll("main > section, header").forEach((each) => each.toggleAttribute("inert", true));
});
outbox.reload();
await sync.flush();
if (sync.status !== "ended") await openHere();

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (part(id));
}
