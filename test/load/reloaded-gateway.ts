import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Command } from '../e2e/command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { configOfRound, isBroken } from './reloaded-config.ts';

const PROBE = new URL('./heap-probe.mjs', import.meta.url).href;

/** What is said at the end of each reload. */
const OUTCOME = /"msg":"reloaded"|goes on serving/g;

/** A gateway that is given one configuration after the other. */
export class ReloadedGateway {
  readonly #file = join(temporaryFolder(), 'wsfw.yaml');
  readonly #upstreamPort: number;
  readonly #command: Command;
  #round = 0;
  #measured = 0;

  constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort;
    this.#write(1);
    const args = ['start', '--config', this.#file, '--log-format', 'json'];
    this.#command = new Command(args, { env: { NODE_OPTIONS: `--import ${PROBE}` } });
  }

  async url(): Promise<string> {
    return `ws://127.0.0.1:${await this.#command.port()}`;
  }

  get round(): number {
    return this.#round;
  }

  /** Gives it the next configuration, and waits for what it says. */
  async reload(): Promise<void> {
    this.#write(this.#round + 1);
    this.#command.child.kill('SIGHUP');
    const last = await this.#command.until(
      (stdout) => (stdout.match(OUTCOME) ?? [])[this.#round - 2] ?? null,
      `the outcome of round ${this.#round}`,
    );
    expect(last.includes('reloaded')).toBe(!isBroken(this.#round));
  }

  /** What is in use of its heap. */
  async heapBytes(): Promise<number> {
    this.#command.child.kill('SIGUSR2');
    const [, bytes] = await this.#command.output(new RegExp(`heap ${++this.#measured}: (\\d+)`));
    return Number(bytes);
  }

  async stop(): Promise<void> {
    this.#command.child.kill('SIGTERM');
    expect((await this.#command.exit()).code).toBe(0);
  }

  #write(round: number): void {
    this.#round = round;
    writeFileSync(this.#file, configOfRound(round, this.#upstreamPort));
  }
}
