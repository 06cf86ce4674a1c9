import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { createLookup } from './lookup.ts';

const BOTH: LookupAddress[] = [
  { address: '::1', family: 6 },
  { address: '127.0.0.1', family: 4 },
];

function setUp(answer: () => Promise<readonly LookupAddress[]> = async () => BOTH) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const lookup = createLookup(clock, (hostname) => {
    asked.push(hostname);
    return answer();
  });
  const all = (hostname: string) =>
    new Promise<unknown>((resolve, reject) => {
      lookup(hostname, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)));
    });
  const one = (hostname: string, family?: 4 | 6) =>
    new Promise<unknown>((resolve, reject) => {
      lookup(hostname, family === undefined ? {} : { family }, (error, address, of) =>
        error === null ? resolve([address, of]) : reject(error),
      );
    });
  return { clock, asked, lookup, all, one };
}

describe('lookup', () => {
  it('asks once for everybody who waits and for a second after the answer', async () => {
    const { clock, asked, all } = setUp();
    await Promise.all([all('a.test'), all('a.test')]);
    clock.advance(999);
    await all('a.test');
    expect(asked).toEqual(['a.test']);
    clock.advance(1);
    await all('a.test');
    expect(asked).toEqual(['a.test', 'a.test']);
  });

  it('keeps names apart', async () => {
    const { asked, all } = setUp();
    await Promise.all([all('a.test'), all('b.test')]);
    expect(asked).toEqual(['a.test', 'b.test']);
  });

  it('answers with all addresses, or with the first of the family that was asked for', async () => {
    const { all, one } = setUp();
    expect(await all('a.test')).toEqual(BOTH);
    expect(await one('a.test')).toEqual(['::1', 6]);
    expect(await one('a.test', 4)).toEqual(['127.0.0.1', 4]);
  });

  it('tells a failure to everybody who waits and asks again next time', async () => {
    let fails = true;
    const { asked, all } = setUp(async () => {
      if (fails) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
      return BOTH;
    });
    const results = await Promise.allSettled([all('a.test'), all('a.test')]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(asked).toEqual(['a.test']);
    fails = false;
    expect(await all('a.test')).toEqual(BOTH);
  });

  it('finds nothing when no address is of the family asked for', async () => {
    const { one } = setUp(async () => [{ address: '127.0.0.1', family: 4 }]);
    await expect(one('a.test', 6)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('serves net.connect, which goes on to the next address when the first refuses', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { lookup } = setUp();
    const socket = connect({ host: 'a.test', port, lookup, autoSelectFamily: true });
    await once(socket, 'connect');
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
    server.close();
    await once(server, 'close');
  });
});
