/** Says what is going on and how long it will take: one line that is written over on a terminal, a line each elsewhere. */
export class Progress {
  #stream;
  #seconds;
  #done = 0;
  #began = performance.now();
  #last = '';

  /**
   * @param {NodeJS.WriteStream} stream
   * @param {readonly number[]} seconds Estimates for the parts that follow each other.
   */
  constructor(stream, seconds) {
    this.#stream = stream;
    this.#seconds = seconds;
  }

  /** @param {string} what */
  show(what) {
    if (what === this.#last) return;
    this.#last = what;
    const line = `[${this.#left()}] ${what}`;
    if (this.#stream.isTTY) this.#stream.write(`\r\x1b[2K${line.split('\n', 1)[0]}`);
    else this.#stream.write(`${line}\n`);
  }

  /** The next part begins. */
  advance() {
    this.#done++;
    this.#began = performance.now();
  }

  clear() {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K');
  }

  #left() {
    const current = (this.#seconds[this.#done] ?? 0) - (performance.now() - this.#began) / 1_000;
    const later = this.#seconds.slice(this.#done + 1).reduce((sum, each) => sum + each, 0);
    const seconds = Math.round(Math.max(0, current) + later);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
  }
}
