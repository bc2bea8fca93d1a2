/**
 * What the gestures of pointers mean on the page.
 *
 * @typedef {{
 *   desk: import("./desk.js").Desk, canvas: import("./canvas.js").Canvas, composer: import("./composer.js").Composer,
 *   list: import("./list.js").List, compose: (focus: boolean) => void,
 * }} Page
 */

/** @param {Page} page @returns {import("./gestures.js").Listener} */
export function makeHands({ desk, canvas, composer, list, compose }) {
  return {
    sketched: (box) => canvas.showSketch(box),
    drawn(box) {
      const { phrase = null, text, suggestion } = desk.pointing?.purpose ?? {};
      if (phrase !== null) return desk.redraw(phrase, box);
      desk.begin(box, text, suggestion);
      compose(true);
    },
    clicked(at) {
      if (desk.pointing) {
        desk.clicked(at);
        if (desk.draft) compose(true);
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
  };
}
