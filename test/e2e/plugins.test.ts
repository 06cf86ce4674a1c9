import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem, tokensOf } from './problem.ts';

const bed = useTestBed();
const TESTING_PLUGIN = fileURLToPath(new URL('testing-plugin.js', import.meta.url));

let gateway: StartedGateway;
let upstream: RawUpstream;

/** A route behind one middleware of a plugin from outside, and one without. */
async function start(use: string, config: unknown = {}): Promise<void> {
  upstream = await bed.upstream();
  gateway = await bed.gateway({
    ...forwardingConfig(upstream.url()),
    plugins: [{ path: 'wsfw' }, { path: TESTING_PLUGIN }],
    middlewares: { Own: { use: `plugins.testing.middlewares.${use}`, config } },
    routes: [
      { path: '/', action: 'Forward', middlewares: ['Own'] },
      { path: '/other', action: 'Forward' },
    ],
  });
}

const request = (path = '/') => bed.request({ port: gateway.port, path });

/** The other route works. */
async function expectAlive(): Promise<void> {
  const client = await bed.open({ port: gateway.port, path: '/other' });
  client.sendText('still there?');
  const taken = upstream.connections.at(-1);
  expect((await taken?.nextMessage())?.payload.toString()).toBe('still there?');
}

describe('a plugin that throws', () => {
  it('before the 101 costs its own request a 500, and no other anything', async () => {
    await start('Throw', { message: 'of no concern to clients' });
    const other = await bed.open({ port: gateway.port, path: '/other' });
    const taken = await upstream.next();
    const { answer } = await request();
    expectProblem(answer, 500);
    other.sendText('undisturbed');
    expect((await taken.nextMessage()).payload.toString()).toBe('undisturbed');
    expect(upstream.connections).toHaveLength(1);
    await expectAlive();
  });

  it('behind the 101 ends its own connection as plugin-error', async () => {
    await start('ThrowBehind', { message: 'of no concern to clients' });
    const other = await bed.open({ port: gateway.port, path: '/other' });
    const undisturbed = await upstream.next();
    const client = await bed.open({ port: gateway.port });
    const taken = await upstream.next();
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'internal error' });
    expect((await taken.nextClose()).code).toBe(1001);
    client.destroy();
    taken.destroy();
    expect(await gateway.nextCause()).toBe('plugin-error');
    other.sendText('undisturbed');
    expect((await undisturbed.nextMessage()).payload.toString()).toBe('undisturbed');
    const errors = gateway.log.lines.filter(({ level }) => level === 'error');
    expect(errors.length).toBeGreaterThan(0);
    await expectAlive();
  });

  it('is told how the connection ended, whether it asked before the 101 or behind it', async () => {
    await start('Told');
    const client = await bed.open({ port: gateway.port });
    (await upstream.next()).destroy();
    expect((await client.nextClose()).code).toBe(1011);
    client.destroy();
    expect(await gateway.nextCause()).toBe('upstream-lost');
    const after = await gateway.log.line(({ fields }) => fields['asked'] === 'after');
    expect(after.fields).toMatchObject({ cause: 'upstream-lost' });
    const told = gateway.log.lines.filter(({ message }) => message === 'told');
    expect(told.map(({ fields }) => fields['asked'])).toEqual(['before', 'after']);
  });

  it('answers with what is no body costs its request a 500', async () => {
    await start('Respond', { status: 200, body: 42 });
    const { answer } = await request();
    expectProblem(answer, 500);
    await expectAlive();
  });

  it('behind a refusal of the upstream changes nothing of it', async () => {
    await start('ThrowBehind', { message: 'too late' });
    upstream.handshake = { status: 403, body: 'no' };
    const { answer, connection } = await request();
    expect(answer).toMatchObject({ status: 403, body: Buffer.from('no') });
    await connection.tcpEnd();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 403 });
    expect(gateway.stats()).toMatchObject({ refused: 1 });
  });
});

describe('a plugin that', () => {
  it('neither answers nor goes on costs its request a 500', async () => {
    await start('Forget');
    const { answer, connection } = await request();
    expectProblem(answer, 500);
    expect(await connection.tcpEnd()).toBe('fin');
    expect(upstream.connections).toHaveLength(0);
    await expectAlive();
  });

  it('goes on twice does not dial twice', async () => {
    await start('NextTwice');
    const client = await bed.open({ port: gateway.port });
    expect((await client.nextClose()).code).toBe(1011);
    client.destroy();
    for (const taken of upstream.connections) taken.destroy();
    expect(await gateway.nextCause()).toBe('plugin-error');
    expect(upstream.connections).toHaveLength(1);
  });

  it('answers with a stream refuses in good order', async () => {
    await start('Stream', { status: 401, parts: ['come ', 'back ', 'later'] });
    const { answer, connection } = await request();
    expect(answer).toMatchObject({ status: 401, body: Buffer.from('come back later') });
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expect(await gateway.nextRefusal()).toMatchObject({ status: 401 });
  });

  it('answers with a stream that breaks does not make it look complete, to upgrades and plain requests', async () => {
    await start('Stream', { status: 200, parts: ['half'], breaks: true });
    for (const head of [handshakeRequest(), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n']) {
      const client = await bed.connect({ port: gateway.port });
      client.write(head);
      expect((await client.readHead()).startLine).toContain('200');
      expect((await client.readToEnd()).toString()).not.toContain('0\r\n\r\n');
    }
    await expectAlive();
  });

  it('answers when the client has left harms nobody', async () => {
    await start('Late');
    const client = await bed.connect({ port: gateway.port });
    await new Promise((resolve) => client.socket.write(handshakeRequest(), resolve));
    await bed.open({ port: gateway.port, path: '/other' });
    expect(gateway.stats().pendingHandshakes).toBe(1);
    client.reset();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 0 });
    await expectAlive();
  });

  it('wants a header that cannot be sent costs its request a 500', async () => {
    await start('Rewrite', { headers: { 'X-Bad': 'a\r\nX-Injected: b' } });
    const { answer } = await request();
    expectProblem(answer, 500);
    for (const taken of upstream.connections) expect(taken.request).toBeNull();
    await expectAlive();
  });

  it('changes query, headers and subprotocols is obeyed', async () => {
    await start('Rewrite', { headers: { 'X-User': 'ada' }, query: 'user=ada', subprotocols: ['inner'] });
    upstream.handshake = { headers: [['Sec-WebSocket-Protocol', 'inner']] };
    const client = await bed.open({ port: gateway.port, path: '/?token=t', subprotocols: ['outer'] });
    const { request: head } = await upstream.next();
    expect(head?.startLine).toBe('GET /?user=ada HTTP/1.1');
    expect(head && headersOf(head, 'x-user')).toEqual(['ada']);
    expect(head && headersOf(head, 'sec-websocket-protocol')).toEqual(['inner']);
    expect(headersOf(client.answer, 'sec-websocket-protocol')).toEqual([]);
  });

  it.each([
    ['is not there', './absent.mjs', {}, /absent\.mjs/],
    ['has no default export', './a.mjs', { 'a.mjs': 'export const a = 1;' }, /default export/],
    [
      'throws when it is loaded',
      './a.mjs',
      { 'a.mjs': 'throw new Error("no luck today");' },
      /no luck today/,
    ],
    ['is no JavaScript', './a.mjs', { 'a.mjs': 'export default {' }, /a\.mjs/],
  ])('%s stops the start with its name and a reason', async (_, path, files, why) => {
    const folder = temporaryFolder({
      ...files,
      'wsfw.yaml': `server: {address: "127.0.0.1:0"}\nplugins:\n  - path: ${path}\nroutes: []\n`,
    });
    await expect(bed.gateway([`${folder}/wsfw.yaml`])).rejects.toThrow(why);
  });

  it('throws while it builds stops the start with its name and a reason', async () => {
    const folder = temporaryFolder({
      'plugin.mjs': `const config = { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } };
        export default { name: 'brittle', middlewares: { M: { config, create() { throw new Error('no luck'); } } } };`,
      'wsfw.yaml': [
        'server: {address: "127.0.0.1:0"}',
        'plugins: [{path: ./plugin.mjs}]',
        'middlewares:',
        '  Mine:',
        '    use: plugins.brittle.middlewares.M',
      ].join('\n'),
    });
    await expect(bed.gateway([`${folder}/wsfw.yaml`])).rejects.toThrow(/Mine[\s\S]*no luck/);
  });
});
