import { once } from 'node:events';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { certificates } from '../../test/support/certificates/index.ts';
import { deferred } from '../../test/support/configured.ts';
import { CountingClock } from '../../test/support/counting-clock.ts';
import { headerOf } from '../../test/support/http-head.ts';
import {
  acceptor,
  startListener,
  type TestListener,
  type TestListenerOptions,
  type TestRoute,
} from '../../test/support/listener-fixture.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { connectRaw, handshakeRequest, openRaw, requestRaw } from '../../test/support/raw-client.ts';
import { backToBaseline, resourcesNow, settled } from '../../test/support/resources.ts';
import type { RelayResult } from '../base/relay.ts';
import type { AnswerResult, Exchange } from './exchange.ts';

const baseline = resourcesNow();
const started: TestListener[] = [];

async function start(routes: readonly TestRoute[], options?: TestListenerOptions): Promise<TestListener> {
  const one = await startListener(routes, options);
  started.push(one);
  return one;
}

afterEach(async () => {
  for (const { listener } of started.splice(0)) await listener.close(0);
  await backToBaseline(baseline);
});

/** A route whose exchanges wait for the test to decide. */
function undecided(): TestRoute & { next(): Promise<{ exchange: Exchange; done(): void }> } {
  const waiting: ((one: { exchange: Exchange; done(): void }) => void)[] = [];
  const arrived: { exchange: Exchange; done(): void }[] = [];
  return {
    path: '/ws',
    handle: (exchange) =>
      new Promise((resolve) => {
        const one = { exchange, done: resolve };
        const take = waiting.shift();
        if (take === undefined) arrived.push(one);
        else take(one);
      }),
    next: () => {
      const one = arrived.shift();
      return one === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(one);
    },
  };
}

const NO_MORE = { subprotocol: '', extensions: '', headers: [] };
const TLS = { cert: certificates.server.cert, key: certificates.server.key };

describe.each([
  ['plain', null],
  ['TLS', TLS],
])('over %s, an accepted upgrade', (_, tls) => {
  const client = tls === null ? {} : { tls: { ca: certificates.ca } };

  it('brings what came early, then what comes later', async () => {
    const route = undecided();
    const { port } = await start([route], { tls });
    const connection = await connectRaw({ port, ...client });
    connection.write(Buffer.concat([Buffer.from(handshakeRequest({ path: '/ws' })), Buffer.from('first')]));
    const { exchange, done } = await route.next();
    connection.write(',second');
    await settled(() => (connection.socket.writableLength === 0 ? null : 'not written'));
    const leg = await exchange.upgrade?.accept(NO_MORE);
    done();
    if (leg === undefined) throw new Error('no leg');
    const chunks: Buffer[] = [Buffer.from(leg.head)];
    leg.stream.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
    connection.write(',third');
    await settled(() =>
      Buffer.concat(chunks).toString() === 'first,second,third' ? null : `${Buffer.concat(chunks)}`,
    );
    leg.stream.write('hello');
    expect((await connection.readHead()).startLine).toContain('101');
    expect((await connection.readBytes(5)).toString()).toBe('hello');
    connection.destroy();
    leg.stream.destroy();
  });

  it('carries nothing of HTTP any more', async () => {
    const { handle, next } = acceptor();
    const clock = new CountingClock();
    const { port, listener } = await start([{ path: '/ws', handle }], { tls, clock });
    const connection = await openRaw({ port, path: '/ws', ...client });
    const { stream } = await next();
    await settled(() => (clock.pending === 0 ? null : 'timers are left'));
    expect(stream.readableFlowing).toBe(false);
    for (const event of ['data', 'readable', 'drain', 'timeout', 'finish', 'pause', 'resume']) {
      expect([event, stream.listenerCount(event)]).toEqual([event, 0]);
    }
    expect(stream.listenerCount('error')).toBeGreaterThan(0);
    expect(listener.stats()).toEqual({ sockets: 0, pendingHandshakes: 0 });
    await listener.close(0);
    stream.write('still here');
    expect((await connection.readBytes(10)).toString()).toBe('still here');
    connection.destroy();
    stream.destroy();
  });
});

describe('an undecided upgrade', () => {
  it('keeps 64 KiB of what comes early, then stops reading, and loses nothing', async () => {
    const route = undecided();
    const { port } = await start([route]);
    const connection = await connectRaw({ port });
    const sent = Buffer.alloc(4 * 1024 * 1024, 'abcdefg');
    connection.write(handshakeRequest({ path: '/ws' }));
    connection.write(sent);
    const { exchange, done } = await route.next();
    const leg = await exchange.upgrade?.accept(NO_MORE);
    done();
    if (leg === undefined) throw new Error('no leg');
    expect(leg.head.byteLength).toBeLessThan(192 * 1024);
    const chunks: Buffer[] = [Buffer.from(leg.head)];
    let bytes = leg.head.byteLength;
    leg.stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
    });
    leg.stream.resume();
    await settled(() => (bytes === sent.byteLength ? null : `${bytes} bytes`));
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    connection.destroy();
    leg.stream.destroy();
  });

  it.each(['reset', 'end'] as const)('ends when the client does: %s', async (how) => {
    const route = undecided();
    const { port, refusals, listener } = await start([route]);
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/ws' }));
    const { exchange, done } = await route.next();
    const ends: unknown[] = [];
    exchange.onEnd((end) => ends.push(end));
    expect(listener.stats().pendingHandshakes).toBe(1);
    const left = once(exchange.signal, 'abort');
    connection[how]();
    await left;
    await expect(exchange.upgrade?.accept(NO_MORE)).rejects.toMatchObject({ code: 'WSFW_CLIENT_LEFT' });
    done();
    expect(refusals).toMatchObject([{ status: 0, route: { pattern: '/ws' } }]);
    expect(ends).toEqual([{ status: 0 }]);
    await settled(() => (listener.stats().sockets === 0 ? null : 'a socket is left'));
    expect(listener.stats().pendingHandshakes).toBe(0);
    connection.destroy();
  });

  it('is one of a limited number', async () => {
    const route = undecided();
    const { port, refusals } = await start([route], { settings: { maxPendingHandshakes: 1 } });
    const first = await connectRaw({ port });
    first.write(handshakeRequest({ path: '/ws' }));
    const { exchange, done } = await route.next();
    const { connection, answer } = await requestRaw({ port, path: '/ws' });
    expect([answer.status, headerOf(answer, 'retry-after')]).toEqual([503, '1']);
    connection.destroy();
    await exchange.respond({ status: 403 });
    done();
    expect((await first.readAnswer()).status).toBe(403);
    first.destroy();
    expect(refusals.map(({ status }) => status)).toEqual([503, 403]);
    const again = await connectRaw({ port });
    again.write(handshakeRequest({ path: '/ws' }));
    const second = await route.next();
    await second.exchange.respond({ status: 403 });
    second.done();
    again.destroy();
  });

  it.each(['ended', 'relayedBy'] as const)(
    'tells each function once how its connection ended: %s',
    async (way) => {
      const route = undecided();
      const { port } = await start([route]);
      const connection = await connectRaw({ port });
      connection.write(handshakeRequest({ path: '/ws' }));
      const { exchange, done } = await route.next();
      const told: unknown[] = [];
      const hear = (who: string) => (end: unknown) => void told.push([who, end]);
      const before = hear('before the 101');
      exchange.onEnd(before);
      const leg = await exchange.upgrade?.accept(NO_MORE);
      done();
      if (leg === undefined) throw new Error('no leg');
      const result = { cause: 'client-closed' } as RelayResult;
      const { promise: ended, resolve } = deferred<RelayResult>();
      const tell = way === 'ended' ? leg.ended : leg.relayedBy({ ended });
      // Nothing of the request is kept for as long as the connection lives.
      if (way === 'relayedBy') expect(tell).toBe(before);
      exchange.onEnd(hear('after the 101'));
      expect(told).toEqual([]);
      tell(result);
      resolve(result);
      await ended;
      exchange.onEnd(hear('at the end'));
      await ended;
      expect(told).toEqual([
        ['before the 101', result],
        ['after the 101', result],
        ['at the end', result],
      ]);
      connection.destroy();
      leg.stream.destroy();
    },
  );

  it('cannot be answered twice', async () => {
    const route = undecided();
    const { port } = await start([route]);
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/ws' }));
    const { exchange, done } = await route.next();
    const ends: (AnswerResult | unknown)[] = [];
    await exchange.respond({ status: 403 });
    exchange.onEnd((end) => ends.push(end));
    await expect(exchange.respond({ status: 200 })).rejects.toMatchObject({ code: 'WSFW_ANSWERED_TWICE' });
    await expect(exchange.upgrade?.accept(NO_MORE)).rejects.toMatchObject({ code: 'WSFW_ANSWERED_TWICE' });
    done();
    expect(ends).toEqual([{ status: 403 }]);
    connection.destroy();
  });

  it('gets 503 when the listener closes, without a header of a middleware that cannot be sent', async () => {
    const route = undecided();
    const { port, listener } = await start([route]);
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/ws' }));
    const { exchange, done } = await route.next();
    exchange.answerHeaders.set('X-A', 'a\r\nX-B: b');
    const closed = listener.close(0);
    const answer = await connection.readAnswer();
    expect([answer.status, headerOf(answer, 'x-b')]).toEqual([503, undefined]);
    done();
    connection.destroy();
    await closed;
  });

  it('refuses an answer whose header would break the head, and can still be answered', async () => {
    const route = undecided();
    const { port } = await start([route]);
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/ws' }));
    const { exchange, done } = await route.next();
    const split: [string, string][] = [['X-A', 'a\r\nX-B: b']];
    await expect(exchange.respond({ status: 200, headers: split })).rejects.toThrow('cannot be sent');
    await expect(exchange.upgrade?.accept({ ...NO_MORE, headers: split })).rejects.toThrow('cannot be sent');
    await exchange.respond({ status: 418 });
    done();
    expect((await connection.readAnswer()).status).toBe(418);
    connection.destroy();
  });
});

describe.each([
  ['plain', null],
  ['TLS', TLS],
])('over %s, a refused upgrade', (_, tls) => {
  const client = tls === null ? {} : { tls: { ca: certificates.ca } };
  const refusing = (answer: Parameters<Exchange['respond']>[0]): TestRoute => ({
    path: '/ws',
    handle: (exchange) => exchange.respond(answer),
  });

  it('reaches a client that goes on sending', async () => {
    const { port, listener } = await start([refusing({ status: 403, body: 'x'.repeat(200_000) })], { tls });
    const connection = await connectRaw({ port, ...client });
    connection.write(handshakeRequest({ path: '/ws' }));
    const sending = setInterval(() => connection.write(Buffer.alloc(64 * 1024)), 1);
    const answer = await connection.readAnswer();
    expect(answer.status).toBe(403);
    expect(answer.body.byteLength).toBe(200_000);
    expect(await connection.tcpEnd()).toBe('fin');
    clearInterval(sending);
    connection.destroy();
    await settled(() => (listener.stats().sockets === 0 ? null : 'a socket is left'));
  });

  it('ends soon although the client does not, and leaves no timer', async () => {
    const clock = new ManualClock();
    const { port, listener } = await start([refusing({ status: 403 })], { tls, clock });
    const { connection } = await requestRaw({ port, path: '/ws', ...client });
    await connection.tcpEnd();
    await settled(() => (clock.pending === 1 ? null : `${clock.pending} timers`));
    expect(listener.stats().sockets).toBe(1);
    clock.advance(1_000);
    await settled(() => (listener.stats().sockets === 0 ? null : 'a socket is left'));
    expect(clock.pending).toBe(0);
    connection.destroy();
  });

  it('streams a body of unknown length, and one of a declared length', async () => {
    const body = () => Readable.from([Buffer.from('one,'), Buffer.from('two')]);
    const unknown = await start([{ path: '/ws', handle: (e) => e.respond({ status: 403, body: body() }) }], {
      tls,
    });
    const one = await requestRaw({ port: unknown.port, path: '/ws', ...client });
    expect(headerOf(one.answer, 'transfer-encoding')).toBe('chunked');
    expect(one.answer.body.toString()).toBe('one,two');
    const known = await start(
      [
        {
          path: '/ws',
          handle: (e) => e.respond({ status: 403, headers: [['Content-Length', '7']], body: body() }),
        },
      ],
      { tls },
    );
    const other = await requestRaw({ port: known.port, path: '/ws', ...client });
    expect(other.answer.body.toString()).toBe('one,two');
    one.connection.destroy();
    other.connection.destroy();
  });
});

describe('the body of a refusal', () => {
  it('that is shorter than declared does not look whole', async () => {
    const headers: [string, string][] = [['Content-Length', '9']];
    const handle = (exchange: Exchange) =>
      exchange.respond({ status: 403, headers, body: Readable.from(['short']) });
    const { port } = await start([{ path: '/ws', handle }]);
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/ws' }));
    await connection.readHead();
    expect((await connection.readToEnd()).byteLength).toBeLessThan(9);
    connection.destroy();
  });

  it('has a deadline', async () => {
    const clock = new ManualClock();
    const body = new Readable({ read() {} });
    const { port } = await start([{ path: '/ws', handle: (e) => e.respond({ status: 403, body }) }], {
      clock,
    });
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/ws' }));
    await connection.readHead();
    clock.advance(30_000);
    await connection.tcpEnd();
    expect(body.destroyed).toBe(true);
    await settled(() => (clock.pending === 0 ? null : `${clock.pending} timers`));
    connection.destroy();
  });

  it('is let go of when the client leaves', async () => {
    const body = new Readable({ read() {} });
    const { port, listener } = await start([
      { path: '/ws', handle: (e) => e.respond({ status: 403, body }) },
    ]);
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/ws' }));
    await connection.readHead();
    connection.reset();
    await settled(() => (body.destroyed && listener.stats().sockets === 0 ? null : 'the body is still open'));
  });
});
