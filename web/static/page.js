/** The annotation page: finds its parts and ties them together. */

import { Canvas } from "./canvas.js";
import { makeCommands } from "./commands.js";
import { Composer } from "./composer.js";
import { Desk } from "./desk.js";
import { SingleKeys, claim, prepareGuidelines, prepareKeys, prepareReason } from "./dialogs.js";
import { Drafts } from "./drafts.js";
import { Gestures } from "./gestures.js";
import { Journey, askHere } from "./journey.js";
import { commandOf } from "./keys.js";
import { List } from "./list.js";
import { askWhich } from "./merge-dialog.js";
import { caseOf, isChoice, resolve } from "./merge.js";
import { countText, finishedText, progressText, savedText, speak, stateText, warningText } from "./notices.js";
import { Outbox } from "./outbox.js";
import { showGraded } from "./practice.js";
import * as server from "./server.js";
import { prepareSignIn } from "./signin.js";
import { openStorage } from "./storage.js";
import { SuggestionPanel } from "./suggestions.js";
import { Sync } from "./sync.js";
import { Trail } from "./trail.js";
import { wording } from "./aim.js";

const DRAWN = "Enter saves, Esc cancels.";
const POINTED = "Type what is in the box. Arrows move it, Shift with arrows resizes it.";
const ENDED = "Open the new address that `vsa annotate` printed, or your invitation link, and paste it here.";
const KEEPS_NOTHING = "This browser keeps nothing for this page: do not close it before it says saved.";

const scope = document.body.dataset.scope ?? "";
/** @type {Date | null} */
let savedAt = null;
let lostTab = false;
let hidden = false;
/** @type {import("./practice.js").Graded | null} */
let graded = null;
/** @type {any} */
let session = null;

const firstImage = askHere(); // asked for at once; used where nothing waits to be sent before it
const [storage, sessionAnswer] = await Promise.all([openStorage(() => notify(KEEPS_NOTHING)), server.askSession()]);
session = sessionAnswer.status === 200 ? sessionAnswer.body : null;
const outbox = new Outbox(storage, scope, server.makeId());
const drafts = new Drafts(storage, scope);
/** @type {Sync} */
const sync = new Sync(outbox, {
  post: (batch) => (lostTab ? new Promise(() => {}) : server.send(batch)),
  wait: server.pause,
  wantsNext: (operations) => journey.wantsNext(operations),
  news,
  changed: showSaved,
});
/** @type {Desk} */
const desk = new Desk(sync, drafts, { render, say });
/** @type {Journey} */
const journey = new Journey(desk, new Trail(sessionStorage, scope), {
  show,
  finished,
  progress: showProgress,
  busy: () => render(),
  trouble: (sentence) => (sentence === null ? (part("notice").hidden = true) : notify(sentence)),
  ended: () => openSignIn(ENDED),
});
const svg = /** @type {SVGSVGElement & HTMLElement} */ (/** @type {unknown} */ (part("canvas")));
const canvas = new Canvas(svg, /** @type {HTMLImageElement} */ (part("photo")), {
  viewed: () => placeComposer(),
  broken: () => (part("broken").hidden = false),
});
new Gestures(canvas, {
  sketched: (box) => canvas.showSketch(box),
  drawn(box) {
    const again = desk.pointing?.purpose.phrase ?? null;
    if (again !== null) return desk.redraw(again, box);
    desk.begin(box, desk.pointing?.purpose.text, desk.pointing?.purpose.suggestion);
    compose(DRAWN, true);
  },
  clicked(at) {
    if (desk.pointing) {
      desk.clicked(at);
      if (desk.draft) compose(DRAWN, true);
    } else if (desk.draft) {
      composer.focus(); // a click beside a new box does not lose it
    } else {
      desk.pick(at);
      if (desk.selected !== null) list.reveal(desk.selected);
    }
  },
  adjusted(box, done) {
    desk.adjust(box, done);
    if (done && desk.draft) composer.focus();
  },
  panned: (dx, dy) => canvas.pan(dx, dy),
  zoomed: (factor, at) => canvas.zoom(factor, at),
  touched: (byFinger) => (canvas.byFinger = byFinger),
});
const composer = new Composer(/** @type {HTMLFormElement} */ (part("composer")), {
  saved(text) {
    desk.save(text);
    focusPhoto();
  },
  cancelled() {
    desk.cancel();
    focusPhoto();
  },
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
  objected: (sentence) => notify(sentence, true),
  left: focusPhoto,
});
const suggestions = new SuggestionPanel(part("suggestions"), /** @type {HTMLTemplateElement} */ (part("suggestion")), {
  asked: () => commands.suggest({ name: "suggest" }),
  accepted: (suggestion) => accept(suggestion),
  dismissed: (suggestion) => desk.dismiss(suggestion),
  seen: (ids) => desk.saw(ids),
});
const single = new SingleKeys(localStorage);
const guidelines = prepareGuidelines(session?.campaign.guidelines ?? "", scope);
const commands = makeCommands({
  desk, canvas, journey, composer, list, suggestions, say, accept, compose, focusPhoto,
  wanted: () => session?.campaign.phrases_per_image ?? 0,
  notify: (sentence) => notify(sentence, true),
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
  if (pointing) /** @type {HTMLElement} */ (part("aim-hint").querySelector("span")).textContent = `${wording(pointing.aim)}, or click. Esc cancels.`;
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

function focusPhoto() {
  svg.focus({ preventScroll: true });
}

/** @param {import("./sync.js").Status} status */
function showSaved(status) {
  const held = outbox.held.length;
  const text = savedText(status, outbox.size, held, savedAt);
  const place = part("saved");
  const trouble = status === "offline" || status === "ended" || status === "foreign" || held > 0;
  if (trouble && place.textContent !== text) say(text);
  place.textContent = text;
  place.classList.toggle("trouble", trouble);
  if (status === "ended") openSignIn(ENDED);
  if (status === "foreign") openSignIn("Somebody else has signed in in this browser. To go on, paste a link of your own.");
}

/** @param {any} progress */
function showProgress(progress) {
  const { practice } = progress;
  const practising = practice && practice.passed === null;
  part("progress").textContent = progressText(progress);
  const bar = /** @type {HTMLProgressElement} */ (part("progress-bar"));
  bar.max = Math.max(1, practising ? practice.total : progress.total);
  bar.value = practising ? practice.done : progress.done;
}

/** @param {string} sentence @param {boolean} [fleeting]  goes with the next key or click; else when it is dismissed @param {(() => void) | null} [remedy]  what the button beside it does */
function notify(sentence, fleeting = false, remedy = null) {
  part("notice").hidden = false;
  part("notice").classList.toggle("fleeting", fleeting);
  /** @type {HTMLElement} */ (part("notice").querySelector("span")).textContent = sentence;
  const remedies = /** @type {HTMLButtonElement} */ (part("remedy"));
  remedies.hidden = !remedy;
  remedies.onclick = remedy && (() => {
    part("notice").hidden = true;
    remedy();
  });
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
    savedAt = new Date(result.saved_at);
    if (result.phrase && operation.kind === "add") list.rename(operation.op_id, result.phrase.id);
    if (operation.kind === "undo" || operation.kind === "redo") say(operation.kind === "undo" ? "Undone" : "Done again");
    if (operation.image !== desk.base?.image.id) continue;
    for (const warning of (result.warnings ?? []).slice(0, 1)) {
      notify(warningText(warning), false, () => desk.remove(result.phrase.id));
    }
    if (result.practice) graded = result.practice;
  }
  if (what.progress) showProgress(what.progress);
  desk.learn(what);
  if (graded) {
    part("graded").hidden = false;
    showGraded(part("graded"), graded, desk.state?.phrases ?? []);
    part("graded").focus();
  }
  for (const { sentence, gone } of what.refused) {
    const words = gone.map(({ text }) => text).filter(Boolean);
    notify(words.length ? `${sentence} Not saved: “${words.join("”, “")}”` : sentence);
  }
  journey.learn(what);
  render();
  if (what.held.length) decide();
}

let deciding = false;

/** Ask about each change that met somebody else's, one after the other. */
async function decide() {
  if (deciding) return;
  deciding = true;
  for (let found = caseOf(outbox.held); found; found = caseOf(outbox.held)) {
    if (!isChoice(found)) {
      outbox.decide(found.keys, []);
      notify("Somebody changed this image meanwhile: it is shown as it is now.");
      continue;
    }
    const image = desk.base?.image.id === found.image ? desk.base : (await server.askImage(found.image)).body?.state;
    const choice = image ? await askWhich(found, image.image) : "later";
    if (choice === "later") {
      notify("A change of yours waits for your decision.", false, decide);
      break;
    }
    outbox.decide(found.keys, choice === "theirs" ? [] : resolve(found, choice === "delete" ? null : choice, server.makeId));
    if (desk.base?.image.id === found.image) {
      const { status, body } = await server.askImage(found.image);
      if (status === 200) desk.refresh(body.state);
    }
  }
  deciding = false;
  sync.flush();
  showSaved(sync.status);
}

/** @param {import("./state.js").Suggestion} suggestion */
function accept(suggestion) {
  desk.accept(suggestion, canvas.seen);
  if (desk.draft) compose(POINTED);
  focusPhoto();
}

// Keys and buttons ---------------------------------------------------------------------------------------------

for (const kind of ["keydown", "pointerdown"]) {
  addEventListener(kind, () => part("notice").classList.contains("fleeting") && (part("notice").hidden = true), true);
}
addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const command = commandOf(event, {
    typing: target.matches("input, textarea"),
    onButton: target.matches("button, a, summary"),
    mode: desk.pointing ? "aiming" : desk.draft ? "drafting" : "free",
    silent: !single.everywhere && target !== /** @type {HTMLElement} */ (svg),
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
part("dismiss").addEventListener("click", () => (part("notice").hidden = true));
addEventListener("popstate", () => journey.openHere());
addEventListener("pagehide", () => desk.settle());
addEventListener("online", () => sync.flush());

await claim(scope, () => {
  lostTab = true;
  outbox.release();
  notify("This page went on in another tab.");
  document.querySelectorAll("main > section, header").forEach((each) => each.toggleAttribute("inert", true));
});
await Promise.all([outbox.load(), drafts.load()]);
part("show-guidelines").hidden = !session?.campaign.guidelines;
if (outbox.size > 0) {
  await sync.flush();
  if (sync.status === "idle") await journey.openHere();
} else {
  await journey.open(first(firstImage), false);
}
if (outbox.held.length) decide();
if (session?.campaign.guidelines && guidelines.isNew()) guidelines.open();

/** The first call gives what was asked for before; another one asks again. @param {Promise<import("./sync.js").Answer>} early */
function first(early) {
  /** @type {Promise<import("./sync.js").Answer> | null} */
  let ready = early;
  return () => {
    const answer = ready ?? askHere();
    ready = null;
    return answer;
  };
}

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (part(id));
}
