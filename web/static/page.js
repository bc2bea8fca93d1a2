/** The annotation page: finds its parts and ties them together. */

import { Canvas } from "./canvas.js";
import { makeCommands } from "./commands.js";
import { Composer } from "./composer.js";
import { Decisions } from "./decisions.js";
import { Desk } from "./desk.js";
import { SingleKeys, claim, prepareGuidelines, prepareKeys, prepareReason } from "./dialogs.js";
import { Drafts } from "./drafts.js";
import { askFirst, session as early } from "./early.js"; // asked long before this runs
import { Gestures } from "./gestures.js";
import { makeHands } from "./hands.js";
import { Journey } from "./journey.js";
import { commandOf } from "./keys.js";
import { List } from "./list.js";
import { NoticeBar } from "./notice-bar.js";
import { countText, finishedText, speak, stateText, warningText } from "./notices.js";
import { Outbox } from "./outbox.js";
import { showGraded } from "./practice.js";
import * as server from "./server.js";
import { prepareSignIn } from "./signin.js";
import { StatusBar } from "./status-bar.js";
import { openStorage } from "./storage.js";
import { SuggestionPanel } from "./suggestions.js";
import { Sync } from "./sync.js";
import { Trail } from "./trail.js";

const DRAWN = "Enter saves, Esc cancels.";
const POINTED = "Type what is in the box. Arrows move it, Shift with arrows resizes it.";
const ENDED = "Open the new address that `vsa annotate` printed, or your invitation link, and paste it here.";
const KEEPS_NOTHING = "This browser keeps nothing for this page: do not close it before it says saved.";

const scope = document.body.dataset.scope ?? "";
let lostTab = false;
let hidden = false;
let keeps = true; // the browser what this page gives it
/** @type {import("./practice.js").Graded | null} */
let graded = null;

const notices = new NoticeBar(part("notice"));
const status = new StatusBar({ saved: part("saved"), progress: part("progress"), bar: /** @type {HTMLProgressElement} */ (part("progress-bar")) }, say);
const [storage, sessionAnswer] = await Promise.all([openStorage(keepsNothing), early]);
/** @type {any} */
const session = sessionAnswer.status === 200 ? sessionAnswer.body : null;
const outbox = new Outbox(storage, scope, server.makeId());
const drafts = new Drafts(storage, scope);
/** @type {Sync} */
const sync = new Sync(outbox, {
  post: (batch) => (lostTab ? new Promise(() => {}) : server.send(batch)),
  wait: server.pause,
  wantsNext: (operations) => journey.wantsNext(operations),
  news,
  changed,
});
/** @type {Desk} */
const desk = new Desk(sync, drafts, { render, say });
/** @type {Journey} */
const journey = new Journey(desk, new Trail(sessionStorage, scope), {
  show,
  finished,
  progress: (progress) => status.showProgress(progress),
  busy: () => render(),
  trouble: (sentence) => notices.trouble(sentence),
  ended: () => openSignIn(ENDED),
});
const canvas = new Canvas(part("canvas"), /** @type {HTMLImageElement} */ (part("photo")), {
  viewed: () => placeComposer(),
  broken: () => (part("broken").hidden = false),
});
const composer = new Composer(/** @type {HTMLFormElement} */ (part("composer")), {
  saved(text) {
    desk.save(text);
    focusPhoto();
  },
  cancelled: giveUp,
  typed: (text) => desk.typed(text),
});
const list = new List(/** @type {HTMLOListElement} */ (part("list")), /** @type {HTMLTemplateElement} */ (part("row")), {
  picked: (id) => desk.select(id),
  typed: (id, text) => desk.reword(id, text),
  edited: (id, text) => desk.edit(id, text),
  deleted(id) {
    desk.remove(id);
    focusPhoto();
  },
  zoomed: () => commands.zoom({ name: "zoom" }),
  pointed: () => commands.again({ name: "again" }),
  objected: (sentence) => notices.mention(sentence),
  left: focusPhoto,
});
new Gestures(canvas, makeHands({ desk, canvas, composer, list, compose: (focus) => compose(DRAWN, focus) }));
const suggestions = new SuggestionPanel(part("suggestions"), /** @type {HTMLTemplateElement} */ (part("suggestion")), {
  asked: () => commands.suggest({ name: "suggest" }),
  accepted: (suggestion) => accept(suggestion),
  dismissed: (suggestion) => desk.dismiss(suggestion),
  seen: (ids) => desk.saw(ids),
});
const single = new SingleKeys(localStorage);
const guidelines = prepareGuidelines(session?.campaign.guidelines ?? "", scope);
const commands = makeCommands({
  desk, canvas, journey, composer, list, suggestions, say, accept, compose, focusPhoto, giveUp,
  wanted: () => session?.campaign.phrases_per_image ?? 0,
  notify: (sentence) => notices.mention(sentence),
  isGraded: () => graded !== null,
  hide() {
    hidden = !hidden;
    render();
    say(hidden ? "Boxes hidden" : "Boxes shown");
  },
  openSkip: prepareReason("skip", (reason) => journey.leaveAfter(desk.skip(reason))),
  openFew: prepareReason("few", (reason) => journey.leaveAfter(desk.submit(reason))),
  openKeys: prepareKeys(single),
  openGuidelines: () => session?.campaign.guidelines && guidelines.open(),
});
const decisions = new Decisions(desk, {
  told: (sentence) => notices.tell(sentence),
  waits: (again) => notices.tell("A change of yours waits for your decision.", { label: "Decide", act: again }),
  decided() {
    sync.flush();
    changed(sync.status);
  },
});
const openSignIn = prepareSignIn(scope, () => {
  sync.flush();
  if (!desk.base) journey.openHere();
});

// Showing ------------------------------------------------------------------------------------------------------

function render() {
  const { state, draft, selected, pointing } = desk;
  for (const id of ["next", "skip"]) button(id).disabled = journey.busy;
  if (!state) return;
  suggestions.render(state.suggestions, hidden);
  const offered = suggestions.visible.flatMap(({ slot, suggestion: { box } }) => (box ? [{ slot, box }] : []));
  canvas.render({
    phrases: state.phrases, selected, draft: draft?.box ?? null, others: state.others, suggestions: offered,
    answers: graded?.answers ?? [], aim: pointing?.aim ?? null, hidden,
  });
  list.render(state.phrases, selected);
  if (!draft || pointing) composer.close();
  else if (part("composer").hidden) compose(DRAWN);
  placeComposer();
  part("aim-hint").hidden = !pointing;
  if (pointing) /** @type {HTMLElement} */ (part("aim-hint").querySelector("span")).textContent = `${pointing.wording}, or click. Esc cancels.`;
  const told = stateText(state.assignment);
  part("panel-title").textContent = countText(state.phrases.length, session?.campaign.phrases_per_image ?? 0);
  part("empty").hidden = state.phrases.length > 0 || told !== null;
  part("state").hidden = told === null || graded !== null;
  part("state").textContent = told;
  button("undo").disabled = journey.busy || (!state.undoable && journey.trail.isEmpty);
  button("redo").disabled = journey.busy || !state.redoable;
  button("hide").setAttribute("aria-pressed", String(hidden));
}

/** @param {string} hint @param {boolean} [focus] */
function compose(hint, focus = false) {
  if (!desk.draft) return;
  composer.open(desk.draft.text, hint);
  placeComposer();
  if (focus) composer.focus();
}

function placeComposer() {
  if (desk.draft && !part("composer").hidden) composer.place(canvas.onStage(desk.draft.box));
}

/** Escape: what was typed is not thrown away at once. */
function giveUp() {
  const draft = desk.cancel();
  focusPhoto();
  if (!draft?.text.trim()) return;
  const act = () => {
    desk.takeUp(draft);
    composer.focus();
  };
  notices.tell(`Not kept: “${draft.text.trim()}”`, { label: "Bring it back", act });
}

function focusPhoto() {
  canvas.element.focus({ preventScroll: true });
}

/** @param {import("./sync.js").Status} now */
function changed(now) {
  status.showSaved(now, outbox);
  if (now === "ended") openSignIn(ENDED);
  if (now === "foreign") openSignIn("Somebody else has signed in in this browser. To go on, paste a link of your own.");
}

function keepsNothing() {
  keeps = false;
  notices.tell(KEEPS_NOTHING);
}

/** @param {string} text */
function say(text) {
  speak(part("spoken"), text);
}

// Images and what the server says ------------------------------------------------------------------------------

/** @param {import("./state.js").ImageState} state */
function show(state) {
  graded = null;
  part("graded").hidden = true;
  part("finished").hidden = true;
  document.querySelectorAll(".stage, .panel").forEach((each) => (/** @type {HTMLElement} */ (each).hidden = false));
  part("broken").hidden = true;
  part("image-key").textContent = part("image-key").title = state.image.key;
  part("others").replaceChildren(...state.others.map(({ annotator, text }) => {
    const item = document.createElement("li");
    item.textContent = `${annotator}: ${text}`;
    return item;
  }));
  part("others-part").hidden = state.others.length === 0;
  canvas.open(state.image);
  suggestions.open(state.suggestions);
  desk.open(state);
  for (const [id, text] of drafts.wordsOf(state.image.id)) list.restore(id, text);
  if (desk.draft) composer.focus();
  else focusPhoto();
  const practice = state.assignment.practice ? "Practice. " : "";
  say(`${practice}Image ${state.image.key}, ${state.phrases.length} phrases`);
}

/** @param {string | null} why @param {any} progress */
function finished(why, progress) {
  document.querySelectorAll(".stage, .panel").forEach((each) => (/** @type {HTMLElement} */ (each).hidden = true));
  const { title, text } = finishedText(why, progress);
  part("finished-title").textContent = title;
  part("finished-text").textContent = text;
  part("practise").hidden = why !== "practice";
  part("finished").hidden = false;
  part("finished").focus();
  say(title);
}

/** @param {import("./sync.js").News} what */
function news(what) {
  for (const { operation, result } of what.done) {
    status.savedAt = new Date(result.saved_at);
    if (result.phrase && operation.kind === "add") list.rename(operation.op_id, result.phrase.id);
    if (operation.kind === "undo" || operation.kind === "redo") say(operation.kind === "undo" ? "Undone" : "Done again");
    if (operation.image !== desk.base?.image.id) continue;
    for (const warning of (result.warnings ?? []).slice(0, 1)) {
      notices.tell(warningText(warning), { label: "Take mine back", act: () => desk.remove(result.phrase.id) });
    }
    if (result.practice) graded = result.practice;
  }
  if (what.progress) status.showProgress(what.progress);
  desk.learn(what);
  if (graded) {
    part("graded").hidden = false;
    showGraded(part("graded"), graded, desk.state?.phrases ?? []);
    part("graded").focus();
  }
  for (const { sentence, gone } of what.refused) {
    const words = gone.map(({ text }) => text).filter(Boolean);
    notices.tell(words.length ? `${sentence} Not saved: “${words.join("”, “")}”` : sentence);
  }
  journey.learn(what);
  render();
  if (what.held.length) decisions.ask();
}

/** @param {import("./state.js").Suggestion} suggestion */
function accept(suggestion) {
  desk.accept(suggestion, canvas.seen);
  if (desk.draft) compose(POINTED);
  focusPhoto();
}

// Keys and buttons ---------------------------------------------------------------------------------------------

addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const command = commandOf(event, {
    typing: target.matches("input, textarea"),
    onButton: target.matches("button, a, summary"),
    mode: desk.pointing ? "aiming" : desk.draft ? "drafting" : "free",
    silent: !single.everywhere && target !== canvas.element,
  });
  if (command && commands[command.name]?.(command) !== false) event.preventDefault();
});
document.querySelectorAll("[data-command]").forEach((each) => {
  each.addEventListener("click", () => {
    const name = each.getAttribute("data-command") ?? "";
    commands[name]({ name });
  });
});
part("practise").addEventListener("click", () => journey.open(server.practiseAgain));
part("back").addEventListener("click", () => journey.openHere());
addEventListener("popstate", () => journey.openHere());
addEventListener("pagehide", () => desk.settle());
addEventListener("beforeunload", (event) => {
  if (!keeps && outbox.size > 0) event.preventDefault();
});
addEventListener("online", () => sync.flush());

await claim(scope, () => {
  lostTab = true;
  outbox.release();
  notices.tell("This page went on in another tab.");
  document.querySelectorAll("main > section, header").forEach((each) => each.toggleAttribute("inert", true));
});
await Promise.all([outbox.load(), drafts.load()]);
part("show-guidelines").hidden = !session?.campaign.guidelines;
if (outbox.size > 0) {
  await sync.flush();
  if (sync.status === "idle") await journey.openHere();
} else {
  await journey.open(askFirst, false); // what was answered early knew all
}
if (outbox.held.length) decisions.ask();
if (session?.campaign.guidelines && guidelines.isNew()) guidelines.open();

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (part(id));
}
