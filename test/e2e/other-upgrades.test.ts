import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { type HandshakeOptions, handshakeRequest } from '../support/raw-client.ts';
import type { HttpAnswer } from '../support/raw-connection.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem, tokensOf } from './problem.ts';

const bed = useTestBed();
const TESTING_PLUGIN = fileURLToPath(new URL('testing-plugin.js', import.meta.url));

let gateway: StartedGateway;
let upstream: RawUpstream;

beforeEach(async () => {
  upstream = await bed.upstream();
});

async function start(action = {}, server = {}, path = '/ws', endpoint = '/'): Promise<void> {
  gateway = await bed.gateway(forwardingConfig(upstream.url(endpoint), action, server, path));
}

const request = (options: HandshakeOptions & { early?: Uint8Array } = {}) =>
  bed.request({ port: gateway.port, path: '/ws', ...options });

/** `/http` is served by an action that speaks HTTP, `/ws` by one that forwards. */
async function startBoth(): Promise<void> {
  const base = forwardingConfig(upstream.url());
  gateway = await bed.gateway({
    ...base,
    plugins: [{ path: 'wsfw' }, { path: TESTING_PLUGIN }],
    actions: { ...(base['actions'] as object), Show: { use: 'plugins.testing.actions.Show' } },
    routes: [
      { path: '/ws', action: 'Forward' },
      { path: '/http', action: 'Show' },
    ],
  });
}

describe('an upgrade to something else', () => {
  const shown = (answer: HttpAnswer): unknown => {
    expect(answer.status, answer.body.toString()).toBe(200);
    return JSON.parse(answer.body.toString());
  };

  const H2C =
    'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';

  it('with a body is served as plain HTTP, and the connection is kept', async () => {
    await startBoth();
    const connection = await bed.connect({ port: gateway.port });
    for (let i = 0; i < 3; i++) {
      connection.write(`POST /http?n=${i} HTTP/1.1\r\n${H2C}Content-Length: 5\r\n\r\nhello`);
      const answer = await connection.readAnswer();
      expect(shown(answer)).toMatchObject({ method: 'POST', target: `/http?n=${i}`, body: 'hello' });
      expect(tokensOf(answer, 'connection')).not.toContain('close');
      expect(headersOf(answer, 'upgrade')).toEqual([]);
    }
  });

  it('with a large chunked body that comes in pieces is served as plain HTTP', async () => {
    await startBoth();
    const connection = await bed.connect({ port: gateway.port });
    connection.write(`POST /http HTTP/1.1\r\n${H2C}Transfer-Encoding: chunked\r\n\r\n`);
    const block = 'x'.repeat(10_000);
    for (let i = 0; i < 30; i++) {
      connection.write(`${block.length.toString(16)}\r\n${block}\r\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    connection.write('0\r\n\r\n');
    expect(shown(await connection.readAnswer())).toMatchObject({ body: block.repeat(30) });
  });

  it.each([
    ['whose body has no end that anybody knows', 'Transfer-Encoding: xchunked\r\n'],
    ['with two lengths', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['with two different lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
  ])('%s is a 400, and what follows is no request', async (_, framing) => {
    await startBoth();
    const smuggled = `0\r\n\r\nGET /http?smuggled HTTP/1.1\r\nHost: a\r\n\r\n`;
    for (const fields of [H2C, 'Host: a\r\n']) {
      const connection = await bed.connect({ port: gateway.port });
      connection.write(`POST /http HTTP/1.1\r\n${fields}${framing}\r\n${smuggled}`);
      expectProblem(await connection.readAnswer(), 400);
      expect(await connection.readToEnd()).toHaveLength(0);
    }
  });

  it('of WebSocket on an HTTP route is served as plain HTTP', async () => {
    await startBoth();
    const { answer, connection } = await request({ path: '/http' });
    expect(shown(answer)).toMatchObject({ method: 'GET', target: '/http' });
    connection.write(handshakeRequest({ path: '/ws' }));
    expect((await connection.readAnswer()).status).toBe(101);
  });

  it('of the health routes is served as plain HTTP', async () => {
    await startBoth();
    for (const path of ['/health/live', '/health/ready']) {
      const { answer } = await request({ path });
      expect(answer.status).toBe(200);
    }
  });

  it('pipelined with others is answered in order', async () => {
    await startBoth();
    const connection = await bed.connect({ port: gateway.port });
    const plain = (n: number) => `GET /http?n=${n} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const upgrade = (n: number) => `POST /http?n=${n} HTTP/1.1\r\n${H2C}Content-Length: 2\r\n\r\nhi`;
    connection.write([plain(0), upgrade(1), plain(2), upgrade(3), upgrade(4), plain(5)].join(''));
    for (let n = 0; n < 6; n++)
      expect(shown(await connection.readAnswer())).toMatchObject({ target: `/http?n=${n}` });
  });
});

describe('a connection with several requests', () => {
  it('may end with an upgrade, once the others are answered', async () => {
    await start();
    const connection = await bed.connect({ port: gateway.port });
    for (let i = 0; i < 2; i++) {
      connection.write('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
      expect((await connection.readAnswer()).status).toBe(200);
    }
    connection.write(handshakeRequest({ path: '/ws' }));
    expect((await connection.readAnswer()).status).toBe(101);
    connection.sendText('hi');
    expect((await (await upstream.next()).nextMessage()).payload.toString()).toBe('hi');
  });

  it('has an upgrade behind an unfinished one answered with 400, after it, and closed', async () => {
    await startBoth();
    const connection = await bed.connect({ port: gateway.port });
    connection.write(`GET /http HTTP/1.1\r\nHost: a\r\n\r\n${handshakeRequest({ path: '/ws' })}`);
    expect((await connection.readAnswer()).status).toBe(200);
    const second = await connection.readAnswer();
    expectProblem(second, 400);
    expect(tokensOf(second, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expect(upstream.connections).toHaveLength(0);
  });

  it('of HTTP/1.0 gets its answer and is closed', async () => {
    await start();
    const connection = await bed.connect({ port: gateway.port });
    connection.write('GET /health/live HTTP/1.0\r\n\r\n');
    const answer = await connection.readAnswer();
    expect(answer.status).toBe(200);
    expect(headersOf(answer, 'transfer-encoding')).toEqual([]);
    expect(await connection.tcpEnd()).toBe('fin');
  });
});
