import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { settled } from '../support/resources.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem, tokensOf } from './problem.ts';

const bed = useTestBed();
const { ca, caFile, client: clientPair, expired, named, server } = certificates;
const LISTENER = { tls: true, certFile: server.certFile, keyFile: server.keyFile };
const TRUSTING = { ca, servername: 'localhost' };

describe('a listener with TLS', () => {
  it('takes wss:// and says so to the upstream', async () => {
    const echo = await bed.echo();
    const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, LISTENER));
    const client = await bed.open({ port: gateway.port, tls: TRUSTING });
    client.sendText('secret');
    expect((await client.nextMessage()).payload.toString()).toBe('secret');
    const [request] = echo.requests;
    expect(request && headersOf(request, 'x-forwarded-proto')).toEqual(['https']);
    expect(request && headersOf(request, 'forwarded').join()).toContain('proto=https');
  });

  it('answers refusals, plain requests and the health routes', async () => {
    const upstream = await bed.upstream({ handshake: { status: 403, body: 'no' } });
    const gateway = await bed.gateway(forwardingConfig(upstream.url(), {}, LISTENER));
    const refused = await bed.request({ port: gateway.port, tls: TRUSTING });
    expect(refused.answer).toMatchObject({ status: 403, body: Buffer.from('no') });
    await refused.connection.tcpEnd();
    const other = await bed.request({ port: gateway.port, tls: TRUSTING, path: '/nothing' });
    expectProblem(other.answer, 404);
    const plain = await bed.connect({ port: gateway.port, tls: TRUSTING });
    for (let i = 0; i < 2; i++) {
      plain.write(
        'POST /health/live HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nhi',
      );
      expect((await plain.readAnswer()).status).toBe(405);
      plain.write('GET /health/live HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n');
      expect((await plain.readAnswer()).status).toBe(200);
    }
  });

  it.each([true, false])(
    'ends a request that trickles, also behind another upgrade (TLS: %s)',
    async (tls) => {
      const echo = await bed.echo();
      const server = { ...(tls ? LISTENER : {}), readTimeout: '200ms', idleTimeout: '300ms' };
      const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, server));
      const client = await bed.connect({ port: gateway.port, ...(tls ? { tls: TRUSTING } : {}) });
      client.write('GET /health/live HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n');
      expect((await client.readAnswer()).status).toBe(200);
      client.write('GET / HTTP/1.1\r\nX-Endless: ');
      const trickle = setInterval(() => client.socket.writable && client.write('a'), 20);
      try {
        expectProblem(await client.readAnswer(), 408);
      } finally {
        clearInterval(trickle);
      }
      expect(await client.tcpEnd()).toBe('fin');
    },
  );

  it('keeps a connection between two upgrades that it ignores', async () => {
    const server = { ...LISTENER, readTimeout: '100ms', idleTimeout: '100ms' };
    const clock = new ManualClock();
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, server), { clock });
    const client = await bed.connect({ port: gateway.port, tls: TRUSTING });
    const replayed = 'GET /health/live HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n';
    client.write(replayed + replayed + replayed);
    for (let i = 0; i < 3; i++) expect((await client.readAnswer()).status).toBe(200);
    // The answers are complete here before the gateway has heard that they are.
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(150);
    client.write(replayed);
    expect((await client.readAnswer()).status).toBe(200);
  });

  it('leaves no deadline on a WebSocket that was opened behind an upgrade that it ignored', async () => {
    const echo = await bed.echo();
    const server = { ...LISTENER, readTimeout: '100ms', idleTimeout: '100ms' };
    const clock = new ManualClock();
    const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, server), { clock });
    const client = await bed.connect({ port: gateway.port, tls: TRUSTING });
    client.write('GET /health/live HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n');
    expect((await client.readAnswer()).status).toBe(200);
    client.write(handshakeRequest());
    expect((await client.readAnswer()).status).toBe(101);
    for (let i = 0; i < 100; i++) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.sendText('still there?');
    expect((await client.nextMessage()).payload.toString()).toBe('still there?');
  });

  it('lives on when clients speak no TLS, break it off, or leave in its middle', async () => {
    const echo = await bed.echo();
    const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, LISTENER));
    const plain = await bed.connect({ port: gateway.port });
    plain.write(handshakeRequest());
    await plain.tcpEnd();
    const silent = await bed.connect({ port: gateway.port });
    silent.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    silent.reset();
    await bed.connect({ port: gateway.port });
    const distrusting = connectTls({ port: gateway.port, host: '127.0.0.1', ca: certificates.stranger });
    await once(distrusting, 'error');
    const client = await bed.open({ port: gateway.port, tls: TRUSTING });
    client.sendText('still there?');
    expect((await client.nextMessage()).payload.toString()).toBe('still there?');
  });

  it('ends when it stops also what has not finished its TLS handshake', async () => {
    const echo = await bed.echo();
    const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, LISTENER));
    const silent = await bed.connect({ port: gateway.port });
    await bed.open({ port: gateway.port, tls: TRUSTING }).then((client) => client.destroy());
    await gateway.stop();
    await silent.tcpEnd();
  });

  it.each([
    ['certFile that is not there', { certFile: '/nowhere/cert.pem' }, /certFile.*\/nowhere\/cert\.pem/],
    ['keyFile that is not there', { keyFile: '/nowhere/key.pem' }, /keyFile.*\/nowhere\/key\.pem/],
    ['key of another certificate', { keyFile: named.keyFile }, /key/i],
    ['folder in place of a file', { certFile: '/tmp' }, /certFile.*\/tmp/],
  ])('with a %s does not start, and says why', async (_, change, why) => {
    const echo = await bed.echo();
    const starting = bed.gateway(forwardingConfig(echo.url(), {}, { ...LISTENER, ...change }));
    await expect(starting).rejects.toThrow(why);
  });

  it('with a file that holds no certificate does not start, and says why', async () => {
    const folder = temporaryFolder({ 'cert.pem': 'this is no certificate' });
    const certFile = `${folder}/cert.pem`;
    const starting = bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, { ...LISTENER, certFile }));
    await expect(starting).rejects.toThrow(certFile);
  });
});

describe('an upstream with TLS', () => {
  const refusedBy = async (tls: object, action: Readonly<Record<string, unknown>>, host = 'localhost') => {
    const upstream = await bed.upstream({ tls });
    const url = `wss://${host}:${upstream.port}/`;
    const gateway = await bed.gateway(forwardingConfig(url, action));
    const { answer, connection } = await bed.request({ port: gateway.port });
    expectProblem(answer, 502);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    const refusal = await gateway.nextRefusal();
    expect(refusal).toMatchObject({ status: 502 });
    return refusal;
  };

  it.each([
    ['of an unknown CA', server, {}, /certificate|issuer/i],
    ['of a CA that is not the one configured', server, { ca: certificates.stranger }, /certificate|issuer/i],
    ['for another name', named, { ca: caFile }, /localhost|altname|name/i],
    ['that has expired', expired, { ca: caFile }, /expired/i],
    [
      'not for the name that is asked for',
      server,
      { ca: caFile, servername: 'other.test' },
      /other\.test|name/i,
    ],
  ])('whose certificate is %s is a 502 that the log explains', async (_, tls, options, why) => {
    const { reason, error } = await refusedBy(tls, { tls: options });
    expect(`${reason} ${String(error)} ${String(error?.cause)}`).toMatch(why);
  });

  it('that wants a certificate of us is a 502 without one', async () => {
    await refusedBy({ ...server, ca, requestCert: true, rejectUnauthorized: true }, { tls: { ca: caFile } });
  });

  it('that speaks no TLS is a 502', async () => {
    const upstream = await bed.upstream({ handshake: 'manual' });
    const gateway = await bed.gateway(forwardingConfig(`wss://127.0.0.1:${upstream.port}/`));
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const taken = await upstream.next();
    taken.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    expectProblem(await client.readAnswer(), 502);
  });

  const echoThrough = async (
    tls: object,
    action: Readonly<Record<string, unknown>>,
  ): Promise<TLSSocket | undefined> => {
    const upstream = await bed.upstream({ tls });
    const gateway = await bed.gateway(forwardingConfig(upstream.url(), action));
    const client = await bed.open({ port: gateway.port });
    const taken = await upstream.next();
    client.sendText('secret');
    expect((await taken.nextMessage()).payload.toString()).toBe('secret');
    return taken.socket as TLSSocket;
  };

  it('is trusted with its CA, as a file or as text', async () => {
    await echoThrough(server, { tls: { ca: caFile } });
    await echoThrough(server, { tls: { ca } });
    await echoThrough(server, { tls: { ca: { file: caFile } } });
  });

  it('gets our certificate', async () => {
    const socket = await echoThrough(
      { ...server, ca, requestCert: true, rejectUnauthorized: true },
      { tls: { ca: caFile, cert: clientPair.certFile, key: { file: clientPair.keyFile } } },
    );
    expect(socket?.authorized).toBe(true);
  });

  it('is asked for by servername, never by the client’s Host', async () => {
    const socket = await echoThrough(named, { tls: { ca: caFile, servername: 'upstream.example.test' } });
    expect((socket as unknown as { servername: string }).servername).toBe('upstream.example.test');
    const own = await echoThrough(server, { tls: { ca: caFile } });
    expect((own as unknown as { servername: string }).servername).toBe('localhost');
  });

  it('at an address is asked for without a name', async () => {
    const upstream = await bed.upstream({ tls: server, host: '127.0.0.1' });
    const url = `wss://127.0.0.1:${upstream.port}/`;
    const gateway = await bed.gateway(forwardingConfig(url, { tls: { ca: caFile } }));
    await bed.open({ port: gateway.port });
    const taken = await upstream.next();
    expect((taken.socket as unknown as { servername: unknown }).servername).toBe(false);
  });

  it('is taken whatever its certificate with rejectUnauthorized: false', async () => {
    await echoThrough(expired, { tls: { rejectUnauthorized: false } });
  });

  it.each([
    ['ca', { ca: '/nowhere/ca.pem' }],
    ['cert', { cert: '/nowhere/cert.pem', key: clientPair.keyFile }],
    ['key', { cert: clientPair.certFile, key: { file: '/nowhere/key.pem' } }],
  ])('with a %s that cannot be read does not start, and says where', async (name, tls) => {
    const starting = bed.gateway(forwardingConfig('wss://localhost:1/', { tls }));
    await expect(starting).rejects.toThrow(new RegExp(`config\\.tls\\.${name}[\\s\\S]*no such file`));
  });
});

describe('TLS on both sides', () => {
  async function open(): Promise<{
    gateway: StartedGateway;
    client: RawConnection;
    upstream: RawConnection;
  }> {
    const listening = await bed.upstream({ tls: server });
    const gateway = await bed.gateway(forwardingConfig(listening.url(), { tls: { ca: caFile } }, LISTENER));
    const client = await bed.open({ port: gateway.port, tls: TRUSTING });
    return { gateway, client, upstream: await listening.next() };
  }

  it.each(['client', 'upstream'] as const)(
    'makes a %s wait whose peer does not read, and loses nothing',
    async (side) => {
      const { client, upstream } = await open();
      const [from, to] = side === 'client' ? [client, upstream] : [upstream, client];
      to.pause();
      const payload = Buffer.alloc(256 * 1024, side);
      let sent = 0;
      while (from.socket.writableLength < 1024 * 1024) {
        from.send({ opcode: OPCODE.binary, payload });
        sent++;
        await new Promise((resolve) => setImmediate(resolve));
      }
      let before = -1;
      await settled(() => {
        const now = from.socket.writableLength;
        const still = now === before;
        before = now;
        return still ? null : 'the sender is still being read';
      });
      expect(from.socket.writableLength).toBeGreaterThan(0);
      to.resume();
      for (let i = 0; i < sent; i++) expect((await to.nextMessage()).payload.equals(payload)).toBe(true);
    },
  );

  it('carries large messages both ways at once', async () => {
    const { client, upstream } = await open();
    const payload = Buffer.alloc(8 * 1024 * 1024, 'both');
    client.send({ opcode: OPCODE.binary, payload });
    upstream.send({ opcode: OPCODE.binary, payload });
    const [down, up] = await Promise.all([client.nextMessage(), upstream.nextMessage()]);
    expect(down.payload.equals(payload) && up.payload.equals(payload)).toBe(true);
  });

  it.each(['client', 'upstream'] as const)(
    'a reset of the %s in the middle of a frame ends it',
    async (side) => {
      const { gateway, client, upstream } = await open();
      const [from, to] = side === 'client' ? [client, upstream] : [upstream, client];
      from.send({ opcode: OPCODE.binary, payload: Buffer.alloc(50_000), declaredLength: 100_000 });
      await to.readBytes(50_000);
      from.reset();
      await to.tcpEnd();
      to.end();
      expect(await gateway.nextResult()).toMatchObject({ cause: `${side}-lost`, side });
    },
  );

  it('a broken record of the client is a loss', async () => {
    const listening = await bed.upstream({ tls: server });
    const gateway = await bed.gateway(forwardingConfig(listening.url(), { tls: { ca: caFile } }, LISTENER));
    const pipe = await startPipe(gateway.port);
    await bed.open({ port: pipe.port, tls: TRUSTING });
    const upstream = await listening.next();
    pipe.forth(Buffer.alloc(100, 0xee));
    expect(await upstream.nextClose()).toEqual({ code: 1001, reason: 'client connection lost' });
    upstream.destroy();
    expect(await gateway.nextCause()).toBe('client-lost');
  });

  it('a broken record of the upstream is a loss', async () => {
    const listening = await bed.upstream({ tls: server });
    const pipe = await startPipe(listening.port, 'localhost');
    const url = `wss://localhost:${pipe.port}/`;
    const gateway = await bed.gateway(forwardingConfig(url, { tls: { ca: caFile } }, LISTENER));
    const client = await bed.open({ port: gateway.port, tls: TRUSTING });
    pipe.back(Buffer.alloc(100, 0xee));
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    client.destroy();
    expect(await gateway.nextCause()).toBe('upstream-lost');
  });

  it('a broken record while the upstream is dialed ends the dial', async () => {
    const listening = await bed.upstream({ tls: server, handshake: 'manual' });
    const gateway = await bed.gateway(forwardingConfig(listening.url(), { tls: { ca: caFile } }, LISTENER));
    const pipe = await startPipe(gateway.port);
    const client = await bed.connect({ port: pipe.port, tls: TRUSTING });
    client.write(handshakeRequest());
    const upstream = await listening.next();
    await upstream.readHead();
    pipe.forth(Buffer.alloc(100, 0xee));
    await upstream.tcpEnd();
    upstream.destroy();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 0 });
  });

  it('closes in good order', async () => {
    const { gateway, client, upstream } = await open();
    client.sendClose(1000, 'bye');
    expect(await upstream.nextClose()).toEqual({ code: 1000, reason: 'bye' });
    upstream.sendClose(1000);
    upstream.end();
    expect((await client.nextClose()).code).toBe(1000);
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    await upstream.tcpEnd();
    expect(await gateway.nextCause()).toBe('client-closed');
  });

  it('a client that leaves while a wss:// upstream is dialed takes the dial along', async () => {
    const upstream = await bed.upstream({ handshake: 'manual' });
    const url = `wss://127.0.0.1:${upstream.port}/`;
    const gateway = await bed.gateway(forwardingConfig(url, { tls: { ca: caFile } }, LISTENER));
    const client = await bed.connect({ port: gateway.port, tls: TRUSTING });
    client.write(handshakeRequest());
    const taken = await upstream.next();
    await taken.readBytes(1);
    client.reset();
    await taken.tcpEnd();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 0 });
  });
});

it('a port scan of a TLS listener leaves nothing', async () => {
  const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, LISTENER));
  for (let i = 0; i < 20; i++) {
    const socket = connectTcp(gateway.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  }
  const { answer } = await bed.request({ port: gateway.port, tls: TRUSTING, path: '/nothing' });
  expect(answer.status).toBe(404);
});

/** A TCP connection to `port` that a test can put bytes into, both ways. */
async function startPipe(port: number, host?: string) {
  const sockets: Socket[] = [];
  const pipe = createServer((near) => {
    const far = connectTcp(port, host);
    for (const socket of [near, far]) sockets.push(socket.on('error', () => undefined));
    near.pipe(far).pipe(near);
  });
  pipe.listen(0);
  await once(pipe, 'listening');
  bed.after(() => {
    pipe.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: (pipe.address() as AddressInfo).port,
    back: (bytes: Buffer) => void sockets[0]?.write(bytes),
    forth: (bytes: Buffer) => void sockets[1]?.write(bytes),
  };
}
