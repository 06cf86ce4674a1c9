import type { LookupFunction } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { KeyPool } from '../websocket/key-pool.ts';
import { Attempt } from './attempt.ts';
import type { Dial } from './dial-contract.ts';
import { createLookup } from './lookup.ts';

export type { Dial, DialOutcome, DialRequest } from './dial-contract.ts';

/** Makes a `dial` with its own cache of names. */
export function createDial(clock: Clock, lookup: LookupFunction = createLookup(clock)): Dial {
  const keys = new KeyPool();
  return (request) =>
    new Promise((resolve, reject) => new Attempt(request, keys.next(), clock, resolve, reject).start(lookup));
}
