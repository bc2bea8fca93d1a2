/** How long somebody worked on something: the time between signs of life, breaks left out. */

/** Seconds without a sign of life that still count as work; of a longer break only these. */
export const LONGEST_GAP = 30;

export class Stopwatch {
  /** @param {number} [before] seconds that were counted before, in another page say @param {() => number} [clock] milliseconds */
  constructor(before = 0, clock = () => performance.now()) {
    this.counted = before;
    this.clock = clock;
    this.last = clock();
  }

  /** A key, a click: what passed since the last one counts. */
  touch() {
    const now = this.clock();
    this.counted += Math.min((now - this.last) / 1000, LONGEST_GAP);
    this.last = now;
  }

  /** Tenths of a second are enough. @returns {number} */
  get seconds() {
    this.touch();
    return Math.round(this.counted * 10) / 10;
  }
}
