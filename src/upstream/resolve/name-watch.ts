import { isIPv6 } from 'node:net';
import type { Cancel, Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Place } from '../pool/member.ts';
import type { Found } from './name-source.ts';

/** What a watch asks; a `NameSource`, but in tests. */
export interface Source {
  find(): Promise<readonly Found[]>;
  cancel(): void;
}

export interface NameWatchParts {
  readonly source: Source;
  /** Milliseconds from one answer to the next question. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when other addresses were found than before. */
  readonly onChange: () => void;
}

/** A question that takes longer is given up. */
const MAX_QUESTION_MS = 5_000;
/** How soon a name of which nothing is known yet is asked for again, at first. */
const FIRST_RETRY_MS = 1_000;

/**
 * Keeps the places behind one name up to date. Whatever goes wrong, the last good answer stays: also when the name is
 * said to have no addresses any more, since an endpoint that is really gone does no harm (its handshakes fail, and go
 * elsewhere), while a mistake in the DNS would end every connection.
 */
export class NameWatch {
  /** One for each address. Empty until the first good answer. */
  places: readonly Place[] = [];
  readonly #place: Place;
  readonly #parts: NameWatchParts;
  #stopTimer: Cancel = () => {};
  #stopped = false;
  /** Questions that brought nothing, one after the other. */
  #failures = 0;

  /** @param place with the name for its host. */
  constructor(place: Place, parts: NameWatchParts) {
    this.#place = place;
    this.#parts = parts;
  }

  /** Asks for the first time. Resolves when that has an answer or has failed; then goes on by itself. */
  async start(): Promise<void> {
    await this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    this.#stopTimer();
    this.#parts.source.cancel();
  }

  async #ask(): Promise<void> {
    const { clock } = this.#parts;
    const answer = await this.#answer().catch((error: unknown) => asError(error));
    if (this.#stopped) return;
    try {
      if (answer instanceof Error) this.#failed(answer);
      else this.#found(answer);
    } finally {
      this.#stopTimer = clock.after(this.#pauseMs(), () => void this.#ask());
    }
  }

  /** The source's answer, in time. */
  #answer(): Promise<readonly Found[]> {
    const { clock, source } = this.#parts;
    const answer = new Promise<readonly Found[]>((resolve, reject) => {
      this.#stopTimer = clock.after(MAX_QUESTION_MS, () => {
        reject(new Error('the DNS did not answer in time'));
        source.cancel();
      });
      source.find().then(resolve, reject);
    });
    return answer.finally(() => this.#stopTimer());
  }

  #pauseMs(): number {
    const { intervalMs } = this.#parts;
    if (this.places.length > 0 || this.#failures === 0) return intervalMs;
    return Math.min(intervalMs, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
  }

  #found(found: readonly Found[]): void {
    const { logger, onChange } = this.#parts;
    if (this.#failures > 0) logger.info({ endpoint: this.#name }, 'the name can be resolved again');
    this.#failures = 0;
    const places = found.map((each) => placeAt(this.#place, each));
    if (same(places, this.places)) return;
    this.places = places;
    onChange();
  }

  #failed(err: Error): void {
    this.#failures++;
    if (this.#failures > 1) return;
    const known = this.places.length;
    const message =
      known > 0
        ? 'the name cannot be resolved: its last known addresses stay'
        : 'the name cannot be resolved: it has no addresses yet';
    this.#parts.logger.warn({ endpoint: this.#name, addresses: known, err }, message);
  }

  get #name(): string {
    return this.#place.endpoint.name;
  }
}

/** The place of a name at one of its addresses. `Host` and the name for TLS stay those of the name. */
function placeAt(place: Place, { address, port, priority, weight }: Found): Place {
  const { endpoint, tls } = place;
  const host = isIPv6(address) ? `[${address}]` : address;
  return {
    ...place,
    endpoint: {
      ...endpoint,
      name: `${endpoint.name} at ${port === null ? address : `${host}:${port}`}`,
      host: address,
      port: port ?? endpoint.port,
    },
    tls: tls === null ? null : { ...tls, servername: tls.servername ?? endpoint.host },
    priority,
    weight: place.weight * weight,
  };
}

const same = (some: readonly Place[], others: readonly Place[]): boolean =>
  some.length === others.length &&
  some.every(({ endpoint, weight, priority }, i) => {
    const other = others[i];
    return other?.endpoint.name === endpoint.name && other.weight === weight && other.priority === priority;
  });

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
