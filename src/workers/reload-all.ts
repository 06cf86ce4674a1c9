import type { Reading } from '../config/build.ts';
import type { Switched, ToWorker, WorkerAnswer } from './messages.ts';

/** How long a worker may take to build another configuration: as long as for its start. */
const PREPARE_MS = 60_000;
/** How long a worker may take to switch to what it has built. */
const SWITCH_MS = 10_000;

/** A worker that takes part. */
export interface Participant {
  readonly worker: number;
  /** Rejects with what the worker says instead of an answer, or when it says nothing in time. */
  ask(withinMs: number, question: (id: number) => ToWorker): Promise<WorkerAnswer>;
  kill(): void;
}

/**
 * Lets all workers build a configuration, and switch when all have. One that cannot switch then is killed: whoever
 * takes its place starts with the new configuration.
 * @param agreed is called between the two.
 * @throws why a worker cannot build it; then all go on as before.
 */
export async function reloadAll(
  workers: readonly Participant[],
  readingFor: (worker: number) => Reading,
  agreed: () => void,
): Promise<Switched> {
  if (workers.length === 0) throw new Error('no worker is up: nothing was reloaded');
  const prepare = (one: Participant) =>
    one.ask(PREPARE_MS, (id) => ({ type: 'prepare', id, reading: readingFor(one.worker) }));
  const decide = (one: Participant, agree: boolean) =>
    one.ask(SWITCH_MS, (id) => ({ type: 'switch', id, agreed: agree }));

  const prepared = await Promise.allSettled(workers.map(prepare));
  const refused = prepared.find((each) => each.status === 'rejected');
  if (refused !== undefined) {
    await Promise.allSettled(workers.map((one) => decide(one, false)));
    throw refused.reason;
  }
  agreed();
  const switched = await Promise.all(
    workers.map(async (one) => {
      try {
        const answer = await decide(one, true);
        if (answer.type === 'switched') return answer;
      } catch {
        // What it says of it does not matter any more.
      }
      one.kill();
      return null;
    }),
  );
  const first = switched.find((each) => each !== null);
  if (first === undefined)
    throw new Error('no worker could switch to the new configuration: they are replaced');
  return first;
}
