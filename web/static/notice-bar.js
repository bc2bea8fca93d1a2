/** The line above the photo that tells what happened, and offers what can be done about it. */

export class NoticeBar {
  /** @param {HTMLElement} bar */
  constructor(bar) {
    this.bar = bar;
    this.words = /** @type {HTMLElement} */ (bar.querySelector("span"));
    this.remedy = /** @type {HTMLButtonElement} */ (bar.querySelector(".remedy"));
    this.isTrouble = false;
    bar.querySelector(".dismiss")?.addEventListener("click", () => this.hide());
    for (const kind of ["keydown", "pointerdown"]) {
      addEventListener(kind, () => bar.classList.contains("fleeting") && this.hide(), true);
    }
  }

  /** It stays until it is dismissed. @param {string} sentence @param {{label: string, act: () => void} | null} [remedy]  a button beside it */
  tell(sentence, remedy = null) {
    this.bar.hidden = false;
    this.bar.classList.remove("fleeting");
    this.words.textContent = sentence;
    this.isTrouble = false;
    this.remedy.hidden = !remedy;
    this.remedy.textContent = remedy?.label ?? "";
    this.remedy.onclick = remedy && (() => {
      this.hide();
      remedy.act();
    });
  }

  /** It goes with the next key or click. @param {string} sentence */
  mention(sentence) {
    this.tell(sentence);
    this.bar.classList.add("fleeting");
  }

  /** It goes when it is over: null. @param {string | null} sentence */
  trouble(sentence) {
    if (sentence !== null) this.tell(sentence);
    else if (this.isTrouble) this.hide();
    this.isTrouble = sentence !== null;
  }

  hide() {
    this.bar.hidden = true;
    this.isTrouble = false;
  }
}
