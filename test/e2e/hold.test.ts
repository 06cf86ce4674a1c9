import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Chat, chatServer } from '../support/acknowledged-chat.ts';
import { within } from '../support/deadline.ts';
import { forwardingConfig, type StartedGateway, startGateway } from '../support/gateway.ts';
import { echo, RestartingUpstream, type Serve } from '../support/restarting-upstream.ts';

const BACKOFF = { initial: '10ms', max: '50ms' };

let upstream: RestartingUpstream;
let gateway: StartedGateway;
const clients: WebSocket[] = [];

async function start(
  hold: Readonly<Record<string, unknown>> = {},
  options: Readonly<Record<string, unknown>> = {},
  serve: Serve = echo,
): Promise<void> {
  upstream = new RestartingUpstream(serve);
  await upstream.start();
  const action = { hold: { attempts: 1000, backoff: BACKOFF, ...hold }, ...options };
  gateway = await startGateway(forwardingConfig(upstream.url, action, {}, '/*'));
}

async function open(subprotocols: string[] = []): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/chat`, subprotocols);
  clients.push(client);
  client.on('error', () => {});
  await within(new Promise((resolve) => client.once('open', resolve)), 'opening');
  return client;
}

/** Sends a message and waits until it comes back. */
function echoOf(client: WebSocket, message: string): Promise<string> {
  const back = new Promise<string>((resolve) => client.once('message', (data) => resolve(data.toString())));
  client.send(message);
  return within(back, `echo of ${message}`);
}

const closeOf = (client: WebSocket): Promise<string> =>
  within(
    new Promise<string>((resolve) => client.once('close', (code, reason) => resolve(`${code} ${reason}`))),
    'close',
  );

const held = () => expect.poll(() => gateway.stats().held, { timeout: 5000 }).toBe(1);

afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await gateway.stop();
  await upstream.stop();
});

describe('a client with hold', () => {
  it.each([1001, 1012, 'cut'] as const)('stays while its upstream restarts (%s)', async (how) => {
    await start();
    const client = await open();
    expect(await echoOf(client, 'one')).toBe('one');
    await upstream.stop(how);
    await held();
    const back = echoOf(client, 'two');
    await upstream.start();
    expect(await back).toBe('two');
    const [first, second] = upstream.handshakes;
    expect(first?.resumed).toBeUndefined();
    expect(second).toEqual({ resumed: '1', id: first?.id });
    expect(gateway.stats()).toMatchObject({ connections: 1, opened: 1, held: 0, resumed: 1 });
    client.close(1000);
    const { cause, hold } = await gateway.nextResult();
    expect(cause).toBe('client-closed');
    expect(hold).toMatchObject({ holding: false, resumed: 1 });
    expect(hold?.heldMs).toBeGreaterThan(0);
    const closed = gateway.log.lines.find(({ message }) => message === 'connection closed');
    expect(closed?.fields).toMatchObject({ resumed: 1 });
  });

  it('is offered no compression, so that another upstream can go on', async () => {
    await start();
    const client = await open();
    expect(client.extensions).toBe('');
  });

  it('waits through answers of 503, and is pinged meanwhile', async () => {
    await start();
    const client = await open();
    upstream.refusal = 503;
    for (const socket of upstream.clients) socket.close(1012);
    await held();
    await expect.poll(() => upstream.handshakes.length).toBeGreaterThan(3);
    const pong = new Promise((resolve) => client.once('pong', (payload) => resolve(payload.toString())));
    client.ping('are you there');
    expect(await within(pong, 'pong')).toBe('are you there');
    upstream.refusal = null;
    expect(await echoOf(client, 'on we go')).toBe('on we go');
  });

  it.each([
    [401, '1008 not authorized'],
    [403, '1008 not authorized'],
    [404, '1012 service restart'],
  ])('is closed when its next upstream refuses it with %s', async (status, told) => {
    await start();
    const client = await open();
    const close = closeOf(client);
    upstream.refusal = status;
    for (const socket of upstream.clients) socket.close(1012);
    expect(await close).toBe(told);
    const { cause, detail } = await gateway.nextResult();
    expect(cause).toBe('hold-failed');
    expect(detail).toContain(`answered ${status}`);
  });

  it('is closed with 1012 when nobody takes over', async () => {
    await start({ attempts: 3 });
    const client = await open();
    const close = closeOf(client);
    await upstream.stop('cut');
    expect(await close).toBe('1012 service restart');
    const { cause, detail } = await gateway.nextResult();
    expect(cause).toBe('hold-failed');
    expect(detail).toContain('no upstream took over in 3 attempts');
  });

  it('is closed by maxInactivity, as any other', async () => {
    await start({}, { maxInactivity: '300ms' });
    const client = await open();
    const close = closeOf(client);
    await upstream.stop('cut');
    expect(await close).toBe('1001 no messages for 300ms');
    expect((await gateway.nextResult()).cause).toBe('inactive');
  });

  it('may leave', async () => {
    await start();
    const client = await open();
    await upstream.stop('cut');
    await held();
    const close = closeOf(client);
    client.close(4000, 'bye');
    expect(await close).toBe('4000 ');
    expect(await gateway.nextResult()).toMatchObject({
      cause: 'client-closed',
      upstream: { closeSent: null },
    });
    expect(gateway.stats().held).toBe(0);
  });

  it('is drained with everybody else', async () => {
    await start();
    const client = await open();
    await upstream.stop('cut');
    await held();
    const close = closeOf(client);
    await gateway.gateway.stop();
    expect(await close).toBe('1012 service restart');
  });

  it('is not read any more once bufferBytes are kept, and that is not held against its upstream', async () => {
    await start({ bufferBytes: '64KiB' }, { writeTimeout: '200ms' });
    const client = await open();
    await upstream.stop('cut');
    await held();
    const message = 'x'.repeat(50_000);
    const count = 200;
    let echoed = 0;
    client.on('message', () => echoed++);
    for (let i = 0; i < count; i++) client.send(message);
    // As long as it takes a side that does not read to be given up.
    const connection = [...gateway.gateway.connections()][0];
    await expect.poll(() => connection?.stats().hold?.heldMs ?? 0, { timeout: 5000 }).toBeGreaterThan(800);
    expect(connection?.stats().client.messages).toBeLessThan(10);
    await upstream.start();
    await expect.poll(() => echoed, { timeout: 5000 }).toBe(count);
  });

  it('is resumed when its upstream has fallen silent', async () => {
    await start({}, { pingInterval: '200ms', pongTimeout: '300ms' });
    const client = await open();
    for (const socket of upstream.clients) socket.pause();
    await expect.poll(() => gateway.stats().resumed, { timeout: 8000 }).toBe(1);
    expect(await echoOf(client, 'again')).toBe('again');
  });
});

it('no visitor of a chat reconnects when its server restarts, and nothing acknowledged is lost', async () => {
  const chat = new Chat(40);
  await start({}, {}, chatServer(chat.log));
  await within(chat.join(gateway.port, 40), 'opening');
  for (const [i, how] of ([1012, 'cut', 1001] as const).entries()) {
    await within(chat.reached((i + 1) / 5), 'acknowledgements');
    await upstream.stop(how);
    await upstream.start();
    await expect.poll(() => gateway.stats().resumed, { timeout: 5000 }).toBe(40 * (i + 1));
  }
  await within(chat.reached(1), 'acknowledgements');
  expect(chat.visitors.map(({ closed }) => closed).filter((closed) => closed !== null)).toEqual([]);
  for (const said of chat.log.values()) expect(said).toEqual(Array.from({ length: 40 }, (_, n) => n));
  expect(gateway.stats()).toMatchObject({ opened: 40, ended: 0, resumed: 120 });
  for (const visitor of chat.visitors) visitor.end();
});
