import { describe, expect, it } from 'vitest';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { takePassedSocket } from './passed-socket.ts';

const take = (variables: Record<string, string>, logger = new RecordingLogger()) =>
  takePassedSocket({ LISTEN_PID: '42', ...variables }, 42, logger);

describe('a passed socket', () => {
  it('is the only one, whatever its name', () => {
    expect(take({ LISTEN_FDS: '1' })).toBe(3);
    expect(take({ LISTEN_FDS: '1', LISTEN_FDNAMES: 'gateway.socket' })).toBe(3);
  });

  it('is the one named wsfw of several', () => {
    expect(take({ LISTEN_FDS: '3', LISTEN_FDNAMES: 'admin:wsfw:other' })).toBe(4);
  });

  it.each([
    [{ LISTEN_FDS: '2' }, '2 sockets were passed, and 0 of them are named wsfw'],
    [{ LISTEN_FDS: '2', LISTEN_FDNAMES: 'wsfw:wsfw' }, 'and 2 of them are named wsfw'],
    [{ LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b:wsfw' }, 'and 0 of them are named wsfw'],
    [{ LISTEN_FDS: 'many' }, 'LISTEN_FDS is "many", not a number'],
    [{ LISTEN_FDS: '-1' }, 'not a number'],
  ])('is not guessed: %j', (variables, message) => {
    expect(() => take(variables)).toThrow(message);
  });

  it('is none without LISTEN_FDS, and none that is meant for another process', () => {
    const logger = new RecordingLogger();
    expect(take({}, logger)).toBeUndefined();
    expect(take({ LISTEN_FDS: '0' }, logger)).toBeUndefined();
    expect(logger.lines).toEqual([]);
    expect(take({ LISTEN_FDS: '1', LISTEN_PID: '41' }, logger)).toBeUndefined();
    expect(takePassedSocket({ LISTEN_FDS: '1' }, 42, logger)).toBeUndefined();
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn', 'warn']);
  });

  it('is taken once: no child process hears of it', () => {
    const env = { LISTEN_PID: '42', LISTEN_FDS: '1', LISTEN_FDNAMES: 'wsfw', PATH: '/bin' };
    takePassedSocket(env, 42, new RecordingLogger());
    expect(env).toEqual({ PATH: '/bin' });
  });
});
