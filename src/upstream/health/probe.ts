import type { LookupFunction } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Header } from '../../base/header-list.ts';
import type { Withdrawable } from '../../base/withdrawal.ts';
import type { Dial } from '../dial-contract.ts';
import type { Place } from '../pool/member.ts';
import { probeHttp } from './probe-http.ts';
import { openForProbe } from './probe-socket.ts';
import { probeWebSocket } from './probe-web-socket.ts';

export const PROBE_TYPES = ['websocket', 'tcp', 'http'] as const;

export type ProbeType = (typeof PROBE_TYPES)[number];

/** What probes work with. */
export interface ProbeParts {
  readonly dial: Dial;
  readonly lookup: LookupFunction;
  readonly clock: Clock;
  /** Sent with each request: what the upstream needs to let the gateway in. */
  readonly headers: readonly Header[];
  /** Milliseconds for one probe. */
  readonly timeoutMs: number;
}

/**
 * Looks whether an endpoint works. Resolves if it does and rejects with the reason if it does not, at the latest when
 * it is withdrawn. Leaves no socket behind.
 */
export type Probe = (place: Place, withdrawal: Withdrawable) => Promise<void>;

/**
 * - `tcp`: takes a connection, with TLS for `wss://`
 * - `http`: answers a GET of the path with a 2xx
 * - `websocket`: accepts a handshake at the path, and answers a ping
 *
 * @param path path and query; `null`: the endpoint's own for `websocket`, `/` for `http`.
 */
export function createProbe(type: ProbeType, path: string | null, parts: ProbeParts): Probe {
  switch (type) {
    case 'tcp':
      return async (place, withdrawal) => {
        const socket = await openForProbe(place, parts, withdrawal);
        socket.destroy();
      };
    case 'http':
      return (place, withdrawal) => probeHttp(place, path ?? '/', parts, withdrawal);
    case 'websocket':
      return (place, withdrawal) => probeWebSocket(place, path ?? ownTarget(place), parts, withdrawal);
  }
}

const ownTarget = ({ endpoint: { path, query } }: Place): string =>
  query === '' ? path : `${path}?${query}`;
