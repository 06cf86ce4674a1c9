import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { settled } from '../support/resources.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem, tokensOf } from './problem.ts';

const bed = useTestBed();
const { ca, caFile, client: clientPair, expired, named, server } = certificates;
const LISTENER = { tls: true, certFile: server.certFile, keyFile: server.keyFile };
const TRUSTING = { ca, servername: 'localhost' };

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
