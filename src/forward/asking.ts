import type { Withdrawable } from '../base/withdrawal.ts';
import type { Exchange, Outgoing, UpgradeOffer } from '../http/exchange.ts';
import type { PreparedOptions } from './prepare.ts';

/** As much of an exchange as it takes to ask upstreams for a connection. */
export interface Asking {
  readonly params: Exchange['params'];
  readonly outgoing: Readonly<Outgoing>;
  /** The client's `Sec-WebSocket-Extensions`. */
  readonly extensions: string;
  readonly withdrawal: Withdrawable;
  /** What a balancer that hashes goes by. */
  readonly key: string | null;
  /** Which of the client's upstreams this will be, the original one being 0. */
  readonly resumption: number;
}

/** What an exchange asks for. */
export function askingOf(
  exchange: Exchange,
  { extensions, withdrawal }: UpgradeOffer,
  { hashKey }: PreparedOptions,
): Asking {
  const { params, outgoing } = exchange;
  const key = hashKey === null ? null : hashKey(exchange);
  return { params, outgoing, extensions, withdrawal, key, resumption: 0 };
}
