import type { Clock } from '../base/clock.ts';

/** Questions to one worker, each answered in time or with `null`. */
export class Questions<A> {
  readonly #clock: Clock;
  readonly #open = new Map<number, (answer: A | null) => void>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param send asks; the answer comes to `answer` with the same id. */
  ask(withinMs: number, send: (id: number) => void): Promise<A | null> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const cancel = this.#clock.after(withinMs, () => this.answer(id, null));
      this.#open.set(id, (answer) => {
        cancel();
        this.#open.delete(id);
        resolve(answer);
      });
      send(id);
    });
  }

  answer(id: number, answer: A | null): void {
    this.#open.get(id)?.(answer);
  }

  /** Whoever was asked is gone. */
  giveUp(): void {
    for (const id of [...this.#open.keys()]) this.answer(id, null);
  }
}
