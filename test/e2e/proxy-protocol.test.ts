import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { forwardingConfig } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem } from './problem.ts';

const bed = useTestBed();
const { ca, server } = certificates;
const PROXIED = { proxyProtocol: true, trustedProxies: ['127.0.0.1'] };
const TLS = { tls: true, certFile: server.certFile, keyFile: server.keyFile };
const V1 = Buffer.from('PROXY TCP4 203.0.113.7 198.51.100.1 49152 443\r\n');
const V2 = Buffer.from([
  ...Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
  ...[0x21, 0x11, 0, 12, 203, 0, 113, 8, 198, 51, 100, 1, 0xc0, 0, 0x01, 0xbb],
]);
const LOCAL = Buffer.from([...Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), 0x20, 0, 0, 0]);

describe('behind a balancer that speaks the PROXY protocol', () => {
  it.each([
    ['version 1', V1, '203.0.113.7'],
    ['version 2', V2, '203.0.113.8'],
    ['a connection of the balancer itself', LOCAL, '127.0.0.1'],
  ])('a WebSocket comes from whom the header names: %s', async (_name, header, address) => {
    const upstream = await bed.upstream();
    const gateway = await bed.gateway(forwardingConfig(upstream.url(), {}, PROXIED));
    const client = await bed.connect({ port: gateway.port });
    client.write(Buffer.concat([header, Buffer.from(handshakeRequest())]));
    expect((await client.readAnswer()).status).toBe(101);
    const taken = await upstream.next();
    expect(taken.request && headersOf(taken.request, 'x-forwarded-for')).toEqual([address]);
    expect((await gateway.nextOpened()).clientAddress).toBe(address);
    client.sendText('through');
    expect((await taken.nextMessage()).payload.toString()).toBe('through');
  });

  it('the header may come in pieces, also byte by byte', async () => {
    const echo = await bed.echo();
    const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, PROXIED));
    const client = await bed.connect({ port: gateway.port });
    for (const byte of V2) {
      client.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.write(handshakeRequest());
    expect((await client.readAnswer()).status).toBe(101);
    client.sendText('whole');
    expect((await client.nextMessage()).payload.toString()).toBe('whole');
  });

  it('TLS comes behind the header', async () => {
    const echo = await bed.echo();
    const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, { ...PROXIED, ...TLS }));
    const tcp = connectTcp({ port: gateway.port, host: '127.0.0.1' });
    await once(tcp, 'connect');
    tcp.write(V1);
    const socket = connectTls({ ca, servername: 'localhost', socket: tcp });
    await once(socket, 'secureConnect');
    const client = new RawConnection(socket, 'client', undefined, tcp);
    bed.after(() => client.destroy());
    client.write(handshakeRequest());
    expect((await client.readAnswer()).status).toBe(101);
    expect((await gateway.nextOpened()).clientAddress).toBe('203.0.113.7');
    const [request] = echo.requests;
    expect(request && headersOf(request, 'x-forwarded-proto')).toEqual(['https']);
  });

  it('X-Forwarded-For is believed only if the client that the header names is trusted', async () => {
    const echo = await bed.echo();
    const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, PROXIED));
    const headers = [['X-Forwarded-For', '192.0.2.99']] as const;
    for (const [header, address] of [
      [V1, '203.0.113.7'],
      [LOCAL, '192.0.2.99'],
    ] as const) {
      const client = await bed.connect({ port: gateway.port });
      client.write(Buffer.concat([header, Buffer.from(handshakeRequest({ headers }))]));
      expect((await client.readAnswer()).status).toBe(101);
      expect((await gateway.nextOpened()).clientAddress).toBe(address);
    }
  });

  it('plain requests and kept-alive connections are served', async () => {
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, PROXIED));
    const client = await bed.connect({ port: gateway.port });
    client.write(V1);
    for (let i = 0; i < 2; i++) {
      client.write('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
      expect((await client.readAnswer()).status).toBe(200);
    }
  });

  it('a request that trickles behind the header gets 408', async () => {
    const server = { ...PROXIED, readTimeout: '200ms' };
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, server));
    const client = await bed.connect({ port: gateway.port });
    client.write(Buffer.concat([V1, Buffer.from('GET / HTTP/1.1\r\nX-Endless: ')]));
    expectProblem(await client.readAnswer(), 408);
  });

  it('a connection without a proper header ends, and is logged once in a while', async () => {
    const logger = new RecordingLogger();
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, PROXIED), { logger });
    for (const bytes of [handshakeRequest(), 'PROXY TCP4 nonsense\r\n', '\r\n\r\n\0\r\nQUIT\n\x99\x11\0\0']) {
      const client = await bed.connect({ port: gateway.port });
      client.write(Buffer.from(bytes, 'latin1'));
      await client.tcpEnd();
    }
    const warnings = logger.lines.filter(({ message }) => message.includes('PROXY header'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ level: 'warn', fields: { peer: '127.0.0.1' } });
  });

  it('a header that does not come within readTimeout ends the connection', async () => {
    const clock = new ManualClock();
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, PROXIED), { clock });
    const before = clock.pending;
    const client = await bed.connect({ port: gateway.port });
    client.write(V1.subarray(0, 10));
    // Until the gateway has taken the connection, which is when its time begins.
    while (clock.pending === before) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10_000);
    await client.tcpEnd();
  });

  it('clients that leave before their header is complete leave nothing behind', async () => {
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, PROXIED));
    for (const bytes of [0, 5]) {
      const client = await bed.connect({ port: gateway.port });
      if (bytes > 0) client.write(V1.subarray(0, bytes));
      client.end();
      await client.tcpEnd();
    }
  });

  it('two connections from one port to two addresses are told apart', async () => {
    const upstream = await bed.upstream();
    const gateway = await bed.gateway(
      forwardingConfig(upstream.url(), {}, { ...PROXIED, address: '0.0.0.0:0' }),
    );
    const [first, second] = [V1, V2];
    const from = { port: gateway.port, localAddress: '127.0.0.1' };
    const tcp = connectTcp({ ...from, host: '127.0.0.1' });
    await once(tcp, 'connect');
    const one = new RawConnection(tcp, 'client');
    bed.after(() => one.destroy());
    one.write(first);
    const other = connectTcp({ ...from, host: '127.0.0.2', localPort: tcp.localPort ?? 0 });
    bed.after(() => void other.destroy());
    await once(other, 'connect');
    const answered = once(other, 'data');
    other.write(Buffer.concat([second, Buffer.from('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n')]));
    await answered;
    one.write(handshakeRequest());
    expect((await one.readAnswer()).status).toBe(101);
    expect((await gateway.nextOpened()).clientAddress).toBe('203.0.113.7');
  });

  it('a stop ends connections on which nothing came but the header', async () => {
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, PROXIED));
    const client = await bed.connect({ port: gateway.port });
    client.write(V1);
    const nudge = await bed.connect({ port: gateway.port });
    nudge.write(Buffer.concat([V1, Buffer.from('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n')]));
    expect((await nudge.readAnswer()).status).toBe(200);
    await gateway.stop();
    await client.tcpEnd();
  });

  it('a stop ends connections whose header has not come', async () => {
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, PROXIED));
    const client = await bed.connect({ port: gateway.port });
    client.write(V1.subarray(0, 5));
    await gateway.stop();
    await client.tcpEnd();
  });
});

describe('a peer that is no trusted proxy', () => {
  it('speaks for itself, without a header', async () => {
    const echo = await bed.echo();
    const server = { proxyProtocol: true, trustedProxies: ['192.0.2.1'] };
    const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, server));
    await bed.open({ port: gateway.port });
    expect((await gateway.nextOpened()).clientAddress).toBe('127.0.0.1');
  });

  it('gets 400 for a PROXY header of its own', async () => {
    const server = { proxyProtocol: true, trustedProxies: ['192.0.2.1'] };
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/', {}, server));
    const client = await bed.connect({ port: gateway.port });
    client.write(Buffer.concat([V1, Buffer.from(handshakeRequest())]));
    expectProblem(await client.readAnswer(), 400);
  });
});
