/**
 * The view of two versions of a phrase, side by side with their boxes on the photo.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./merge.js").Case} Case
 * @typedef {import("./state.js").Image} Image
 */

import { make } from "./drawing.js";
import { same } from "./geometry.js";
import { objection, tidyText } from "./state.js";

const AROUND = 0.35; // of the boxes' size, shown around them

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** Ask which version it is to be. Resolves to the choice; "later" where the person does not want to choose now. @param {Case} found @param {Image} image @returns {Promise<{text: string, box: Box} | "delete" | "theirs" | "later">} */
export function askWhich(found, image) {
  const dialog = /** @type {HTMLDialogElement} */ (part("merge-dialog"));
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  const text = /** @type {HTMLTextAreaElement} */ (part("merge-text"));
  const { mine, theirs } = found;
  part("merge-who").textContent = theirs.gone ? found.who.replace("changed", "deleted") : found.who;
  fill("mine", mine, found, image);
  fill("theirs", theirs, found, image);
  text.value = mine.text ?? theirs.text ?? "";
  part("merge-words").hidden = mine.gone;
  const twoBoxes = !mine.gone && mine.box !== null && theirs.box !== null && !same(mine.box, theirs.box);
  part("merge-boxes").hidden = !twoBoxes;
  part("merge-save").textContent = mine.gone ? "Delete it" : theirs.gone ? "Keep it as a new phrase" : "Save this";
  part("merge-keep-theirs").textContent = theirs.gone ? "Let it go" : "Keep theirs";
  part("merge-objection").textContent = "";
  form.reset();
  text.value = mine.text ?? theirs.text ?? "";
  dialog.showModal();
  return new Promise((resolve) => {
    /** @param {{text: string, box: Box} | "delete" | "theirs" | "later"} choice */
    const choose = (choice) => {
      stop.abort();
      dialog.close();
      resolve(choice);
    };
    const stop = new AbortController();
    const { signal } = stop;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (mine.gone) return choose("delete");
      const complaint = objection(text.value);
      if (complaint) return void (part("merge-objection").textContent = complaint);
      const wanted = String(new FormData(form).get("merge-box"));
      const box = (twoBoxes && wanted === "theirs" ? theirs.box : mine.box) ?? theirs.box;
      choose({ text: tidyText(text.value), box: /** @type {Box} */ (box) });
    }, { signal });
    part("merge-keep-theirs").addEventListener("click", () => choose("theirs"), { signal });
    part("merge-later").addEventListener("click", () => choose("later"), { signal });
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      choose("later");
    }, { signal });
  });
}

/** @param {"mine" | "theirs"} side @param {import("./merge.js").Version} version @param {Case} found @param {Image} image */
function fill(side, version, found, image) {
  part(`merge-${side}`).textContent = version.gone ? "deleted" : (version.text ?? "the same words");
  const picture = part(`merge-${side}-box`);
  picture.toggleAttribute("hidden", version.gone || !version.box);
  if (version.gone || !version.box) return;
  const [x, y, width, height] = version.box;
  const [left, top, right, bottom] = around([found.mine.box, found.theirs.box], image);
  picture.setAttribute("viewBox", `${left} ${top} ${right - left} ${bottom - top}`);
  picture.replaceChildren(
    make("image", { href: image.photo, width: image.width, height: image.height, preserveAspectRatio: "none" }),
    make("rect", { class: "halo", x, y, width, height }),
    make("rect", { class: "line", x, y, width, height }),
  );
}

/** @param {(Box | null)[]} boxes @param {Image} image */
function around(boxes, image) {
  const there = boxes.filter((box) => box !== null);
  const [left, top] = [Math.min(...there.map(([x]) => x)), Math.min(...there.map(([, y]) => y))];
  const right = Math.max(...there.map(([x, , width]) => x + width));
  const bottom = Math.max(...there.map(([, y, , height]) => y + height));
  const more = AROUND * Math.max(right - left, bottom - top);
  return [Math.max(0, left - more), Math.max(0, top - more), Math.min(image.width, right + more), Math.min(image.height, bottom + more)];
}
