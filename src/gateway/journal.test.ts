import { expect, it } from 'vitest';
import type { Connection } from '../base/connection.ts';
import { silentLogger } from '../base/logger.ts';
import type { RelayResult } from '../base/relay.ts';
import { Journal } from './journal.ts';

it('does not look at a connection for lines that nobody sees', () => {
  const untouchable = new Proxy({}, { get: () => expect.fail('it was looked at') });
  const journal = new Journal({ ...silentLogger, isLevelEnabled: () => false });
  journal.opened(untouchable as Connection);
  journal.ended(untouchable as Connection, untouchable as RelayResult);
});
