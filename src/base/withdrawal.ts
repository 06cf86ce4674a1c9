import type { Cancel } from './clock.ts';

/** Something that others work on and that may be taken back meanwhile: an `AbortSignal` at a tenth of its cost. */
export interface Withdrawable {
  readonly withdrawn: boolean;
  /** Calls `f` once, when it is withdrawn; never if it was before. `f` must not throw. */
  onWithdrawn(f: () => void): Cancel;
}

/** What its maker holds. */
export class Withdrawal implements Withdrawable {
  withdrawn = false;
  #hooks: (() => void)[] = [];

  onWithdrawn(f: () => void): Cancel {
    this.#hooks.push(f);
    return () => {
      this.#hooks = this.#hooks.filter((hook) => hook !== f);
    };
  }

  withdraw(): void {
    this.withdrawn = true;
    const hooks = this.#hooks;
    this.#hooks = [];
    for (const hook of hooks) hook();
  }
}
