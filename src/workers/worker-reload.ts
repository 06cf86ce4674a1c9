import { WsfwError } from '../base/errors.ts';
import type { Reading } from '../config/build.ts';
import type { ReloadChanges } from '../gateway/changes.ts';
import type { ConfiguredGateway } from '../gateway/gateway.ts';
import { failureOf, type WorkerAnswer } from './messages.ts';

/** A reload of a worker's gateway in two steps, so that either all workers switch or none. */
export class WorkerReload {
  readonly #gateway: ConfiguredGateway;
  #changes: Promise<ReloadChanges> | null = null;
  #decide: (agreed: boolean) => void = () => {};

  constructor(gateway: ConfiguredGateway) {
    this.#gateway = gateway;
  }

  /** Resolves when the configuration is built, or cannot be. */
  async prepare(id: number, reading: Reading): Promise<WorkerAnswer> {
    const decision = new Promise<void>((resolve, reject) => {
      this.#decide = (agreed) => (agreed ? resolve() : reject(notAgreed()));
    });
    // Nobody may be waiting for it yet.
    decision.catch(() => {});
    const built = new Promise<void>((resolve, reject) => {
      const changes = this.#gateway.reloadReading(
        () => reading,
        () => {
          resolve();
          return decision;
        },
      );
      changes.catch(reject);
      this.#changes = changes;
    });
    try {
      await built;
      return { type: 'prepared', id };
    } catch (error) {
      return { type: 'not-reloaded', id, failure: failureOf(error) };
    }
  }

  /** Switches to what was prepared, or lets go of it. */
  async switch(id: number, agreed: boolean): Promise<WorkerAnswer> {
    this.#decide(agreed);
    try {
      const changes = await (this.#changes ?? Promise.reject(notAgreed()));
      return { type: 'switched', id, changes, files: this.#gateway.files };
    } catch (error) {
      return { type: 'not-reloaded', id, failure: failureOf(error) };
    }
  }

  /** Lets go of what was prepared: nobody is there to agree any more. */
  giveUp(): void {
    this.#decide(false);
  }
}

const notAgreed = () => new WsfwError('WSFW_DRAINING', 'the other workers did not agree to the reload');
