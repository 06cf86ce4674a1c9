import { isConfigError } from '../base/config-error.ts';
import { countProblems, formatProblem } from '../base/format-problems.ts';
import type { Logger } from '../base/logger.ts';
import type { Problem } from '../base/problem.ts';

/** A running gateway, as far as a reload is concerned. */
export interface Reloadable {
  /** What was warned of already. */
  readonly warnings: readonly Problem[];
  /** @throws {ConfigError} with every problem; the old configuration goes on serving then. */
  reload(): Promise<{ readonly warnings: readonly Problem[] }>;
}

/**
 * Reloads a gateway whenever that is asked for: one at a time, and once more when it was asked for meanwhile. What was
 * asked for before the gateway runs happens when it does.
 */
export class Reloads {
  readonly #logger: Logger;
  #target: Reloadable | null = null;
  #isWanted = false;
  #isUnderWay = false;
  #warned = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  ask(): void {
    this.#isWanted = true;
    void this.#work();
  }

  begin(target: Reloadable): void {
    this.#target = target;
    this.#warned = new Set(target.warnings.map(inOneLine));
    if (this.#isWanted) void this.#work();
  }

  /** From now on nothing is reloaded. */
  end(): void {
    this.#target = null;
  }

  async #work(): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    while (this.#isWanted && this.#target !== null) {
      this.#isWanted = false;
      await this.#reload(this.#target);
    }
    this.#isUnderWay = false;
  }

  async #reload(target: Reloadable): Promise<void> {
    try {
      this.#warn((await target.reload()).warnings);
    } catch (error) {
      if (this.#target !== null) this.#report(error);
    }
  }

  /** Only what is new: the rest was said at the start. */
  #warn(warnings: readonly Problem[]): void {
    const lines = warnings.map(inOneLine);
    for (const line of lines) if (!this.#warned.has(line)) this.#logger.warn({}, line);
    this.#warned = new Set(lines);
  }

  #report(error: unknown): void {
    const problems = isConfigError(error) ? error.problems.map(inOneLine) : [messageOf(error)];
    for (const line of problems) this.#logger.error({}, line);
    this.#logger.error({}, `${countProblems(problems.length)}. The old configuration goes on serving.`);
  }
}

/** A problem as a line of the log says it. */
export const inOneLine = (problem: Problem): string => formatProblem(problem).replace('\n ', ':');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
