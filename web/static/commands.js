/**
 * What each command does, whether a key or a button gave it.
 *
 * @typedef {import("./keys.js").Command} Command
 * @typedef {(command: Command) => void | boolean} Act  false: the key keeps its usual meaning
 * @typedef {{
 *   desk: import("./desk.js").Desk, canvas: import("./canvas.js").Canvas, journey: import("./journey.js").Journey,
 *   composer: import("./composer.js").Composer, list: import("./list.js").List,
 *   suggestions: import("./suggestions.js").SuggestionPanel,
 *   say: (text: string) => void, notify: (sentence: string) => void,
 *   accept: (suggestion: import("./state.js").Suggestion) => void,
 *   compose: (hint: string, focus?: boolean) => void, focusPhoto: () => void, giveUp: () => void, hide: () => void,
 *   wanted: () => number, isGraded: () => boolean,
 *   openSkip: () => void, openFew: () => void, openKeys: () => void, openGuidelines: () => void,
 * }} Page
 */

import { STEP } from "./view.js";
import * as server from "./server.js";

const PAN = 60; // screen pixels for an arrow key where no box is held
const POINTED = "Type what is in the box. Arrows move it, Shift with arrows resizes it.";
const NO_PHRASE = "There is no phrase on this image yet. Draw a box, or skip the image.";

/** @param {Page} page @returns {Record<string, Act>} */
export function makeCommands(page) {
  const { desk, canvas, journey, composer, list, suggestions } = page;
  const free = () => !journey.busy && desk.base !== null;

  /** @param {"move" | "resize"} how @returns {Act} */
  const nudge = (how) => ({ dx = 0, dy = 0 }) => {
    if (desk.pointing) {
      desk.pointedEnough();
      page.compose(POINTED);
    }
    const step = Math.max(1, 1 / canvas.scale); // what is seen to move, on a photo that is shown smaller
    if (!desk.nudge(how, dx * step, dy * step)) canvas.pan(-Math.sign(dx) * PAN, -Math.sign(dy) * PAN);
  };

  /** @param {1 | -1} step */
  const cycle = (step) => {
    desk.cycle(step);
    const phrase = desk.state?.phrases.find(({ id }) => id === desk.selected);
    if (!phrase) return;
    list.reveal(phrase.id);
    if (!canvas.isWhole) canvas.reveal(phrase.box);
  };

  async function ask() {
    const image = desk.base?.image.id;
    if (!free() || image === undefined || desk.state?.suggestions?.asked !== false) return;
    const { status, body } = await server.askSuggestions(image);
    if (status !== 200) return page.notify(body?.error ?? "The server does not answer: no suggestions for now.");
    if (desk.base?.image.id !== image) return;
    desk.refresh({ ...desk.base, suggestions: body.suggestions });
    page.say(`${suggestions.visible.length} suggestions`);
  }

  return {
    new() {
      if (!free()) return;
      desk.point(canvas.seen);
      page.focusPhoto();
    },
    again() {
      if (!free() || desk.selected === null) return;
      desk.point(canvas.seen, { phrase: desk.selected, text: "", suggestion: null });
      page.focusPhoto();
    },
    aim({ letter = "" }) {
      desk.pressed(letter);
      if (desk.draft && !desk.pointing) page.compose(POINTED, desk.draft.text !== ""); // words that are there are gone on with
    },
    back: () => desk.back(),
    type() {
      if (desk.pointing) {
        desk.pointedEnough();
        page.compose(POINTED);
      }
      if (desk.draft) composer.focus();
      else if (desk.selected !== null) list.edit(desk.selected);
      else return false;
    },
    write() {
      composer.focus(); // and the letter lands in it
      return false;
    },
    cancel: () => page.giveUp(),
    delete: () => (desk.draft ? page.giveUp() : desk.remove(desk.selected)),
    move: nudge("move"),
    resize: nudge("resize"),
    previous: () => cycle(-1),
    following: () => cycle(1),

    accept({ slot = 0 }) {
      const suggestion = free() && suggestions.at(slot);
      if (suggestion) page.accept(suggestion);
    },
    dismiss({ slot = 0 }) {
      const suggestion = free() && suggestions.at(slot);
      if (suggestion) desk.dismiss(suggestion);
    },
    suggest: () => void ask(),

    hide: () => page.hide(),
    zoom() {
      if (canvas.isWhole && canvas.held) canvas.frame(canvas.held);
      else canvas.whole();
    },
    closer: () => canvas.zoom(STEP),
    wider: () => canvas.zoom(1 / STEP),
    whole: () => canvas.whole(),

    undo() {
      if (!free() && desk.base) return;
      journey.leaving = null; // who takes back a submit that waits wants to stay
      if (desk.state?.undoable) desk.takeBack("undo");
      else journey.goBack();
    },
    redo: () => void (free() && desk.state?.redoable && desk.takeBack("redo")),
    skip: () => void (free() && page.openSkip()),
    next() {
      if (!free()) return;
      if (page.isGraded()) return void journey.openNext();
      if (desk.pointing) desk.cancel();
      if (desk.draft && !composer.save()) return; // a box without words, or too many: it says so itself
      if (document.activeElement instanceof HTMLTextAreaElement) document.activeElement.blur(); // saves what is typed
      const state = desk.state;
      const there = state?.phrases.length ?? 0;
      if (state?.assignment.state === "submitted") return void journey.openNext();
      if (there < page.wanted() && !state?.assignment.practice) return page.openFew();
      if (there === 0) return page.notify(NO_PHRASE);
      journey.leaveAfter(desk.submit());
    },
    help: () => page.openKeys(),
    guidelines: () => page.openGuidelines(),
  };
}
