import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { forwardingConfig } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem } from './problem.ts';

const bed = useTestBed();
const { ca, named, server } = certificates;
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

  it('tells two connections from one port to two addresses apart', async () => {
    const echo = await bed.echo();
    const clock = new ManualClock();
    const server = { ...LISTENER, address: '0.0.0.0:0', readTimeout: '1s' };
    const gateway = await bed.gateway(forwardingConfig(echo.url(), {}, server), { clock });
    const from = { port: gateway.port, localAddress: '127.0.0.1' };
    const first = connectTcp({ ...from, host: '127.0.0.1' });
    await once(first, 'connect');
    const ended = once(first.on('error', () => {}).resume(), 'close');
    const second = connectTcp({ ...from, host: '127.0.0.2', localPort: first.localPort ?? 0 });
    bed.after(() => void second.destroy());
    bed.after(() => void first.destroy());
    const secure = connectTls({ ...TRUSTING, socket: second });
    await once(secure, 'secureConnect');
    secure.write(handshakeRequest());
    await once(secure, 'data');
    clock.advance(2000);
    // The one that never did its TLS handshake.
    await ended;
    expect(gateway.stats().connections).toBe(1);
    secure.destroy();
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
    ['certFile that is not there', { certFile: '/nowhere/cert.pem' }, /certFile\s+\/nowhere\/cert\.pem/],
    ['keyFile that is not there', { keyFile: '/nowhere/key.pem' }, /keyFile\s+\/nowhere\/key\.pem/],
    ['key of another certificate', { keyFile: named.keyFile }, /key/i],
    ['folder in place of a file', { certFile: '/tmp' }, /certFile\s+\/tmp/],
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
