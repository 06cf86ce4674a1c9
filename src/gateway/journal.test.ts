import { expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import type { Connection } from '../base/connection.ts';
import { silentLogger } from '../base/logger.ts';
import type { RelayResult } from '../base/relay.ts';
import { Journal } from './journal.ts';

it('does not look at a connection for lines that nobody sees', () => {
  const untouchable = new Proxy({}, { get: () => expect.fail('it was looked at') });
  const journal = new Journal({ ...silentLogger, isLevelEnabled: () => false }, new ManualClock());
  journal.opened(untouchable as Connection);
  journal.held(untouchable as Connection, 'lost');
  journal.resumed(untouchable as Connection, 1);
  journal.ended(untouchable as Connection, untouchable as RelayResult);
});

it('says once a second that connections are held and resumed, and the rest to whoever debugs', () => {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const journal = new Journal(logger, clock);
  const connections = ['one', 'two', 'three'].map((id) => connectionOf(id));
  for (const connection of connections) journal.held(connection, 'the upstream closed with 1012');
  for (const connection of connections) journal.resumed(connection, 12.3);
  clock.advance(1000);
  journal.held(connectionOf('four'), 'the upstream closed with 1012');
  const lines = logger.lines.map(({ level, fields, message }) => [level, fields['id'], message]);
  const held = 'connection held: it has lost its upstream';
  const resumed = 'connection resumed by another upstream';
  expect(lines).toEqual([
    ['info', 'one', held],
    ['debug', 'two', held],
    ['debug', 'three', held],
    ['info', 'one', resumed],
    ['debug', 'two', resumed],
    ['debug', 'three', resumed],
    ['info', 'four', held],
  ]);
  expect(logger.lines[0]?.fields).toMatchObject({ detail: 'the upstream closed with 1012' });
  expect(logger.lines[3]?.fields).toMatchObject({ heldMs: 12 });
});

const connectionOf = (id: string): Connection =>
  ({
    id,
    route: { name: null, pattern: '/', action: 'Forward' },
    clientAddress: '192.0.2.1',
    endpoint: 'ws://a.test/',
    subprotocol: '',
  }) as unknown as Connection;
