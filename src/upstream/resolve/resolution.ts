import { isIP } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Place } from '../pool/member.ts';
import type { PoolChange } from '../pool/pool.ts';
import { NameSource } from './name-source.ts';
import { NameWatch, type Source } from './name-watch.ts';

/** How names become addresses. */
export interface ResolveOptions {
  /** Milliseconds between two look-ups of a name. */
  readonly intervalMs: number;
  /** The service to look up in place of the endpoint's host (RFC 2782): `_ws._tcp.chat.internal`. */
  readonly srv?: string;
  /** DNS servers, as `host` or `host:port`. Default: those of the system, and its hosts file. */
  readonly servers?: readonly string[];
}

export interface ResolutionParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: the DNS. */
  readonly sourceFor?: (host: string, options: ResolveOptions) => Source;
}

const fromDns = (host: string, { srv, servers }: ResolveOptions): Source =>
  new NameSource({ host, srv: srv ?? null, servers: servers ?? null });

/**
 * Keeps a pool's places at the addresses that their names have. Places that are addresses already stay; names that
 * nothing is known of are left out.
 */
export class Resolution {
  readonly #places: readonly Place[];
  readonly #update: (places: readonly Place[]) => PoolChange;
  readonly #logger: Logger;
  /** By the place whose host is the name. */
  readonly #watches: ReadonlyMap<Place, NameWatch>;

  /** @param update the pool's, called with all places whenever any has changed, and before this returns. */
  constructor(
    places: readonly Place[],
    update: (places: readonly Place[]) => PoolChange,
    options: ResolveOptions,
    parts: ResolutionParts,
  ) {
    const { clock, logger, sourceFor = fromDns } = parts;
    this.#places = places;
    this.#update = update;
    this.#logger = logger;
    const watched = places.filter((place) => options.srv !== undefined || isIP(place.endpoint.host) === 0);
    this.#watches = new Map(
      watched.map((place) => {
        const source = sourceFor(place.endpoint.host, options);
        const onChange = (): void => this.#changed();
        return [
          place,
          new NameWatch(place, { source, intervalMs: options.intervalMs, clock, logger, onChange }),
        ];
      }),
    );
    update(this.#current());
  }

  /** Resolves when each name was asked for once, with or without success. */
  async start(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.start()));
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.stop();
  }

  #current(): readonly Place[] {
    return this.#places.flatMap((place) => this.#watches.get(place)?.places ?? [place]);
  }

  #changed(): void {
    const places = this.#current();
    const { added, gone } = this.#update(places);
    this.#logger.info({ added, gone, endpoints: places.length }, 'the endpoints have changed');
  }
}
