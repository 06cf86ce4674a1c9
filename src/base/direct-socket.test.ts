import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../../test/support/deadline.ts';
import { settled } from '../../test/support/resources.ts';
import { canReadDirectly } from './can-read-directly.ts';
import { DirectSocket, readDirectly } from './direct-socket.ts';

const server = createServer({ allowHalfOpen: true });
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  await within(once(server.close(), 'close'), 'close of the server');
});

let opened: Socket[] = [];
afterEach(() => {
  for (const socket of opened) socket.destroy();
  opened = [];
});

async function open(): Promise<{ near: Socket; far: Socket }> {
  const accepting = once(server, 'connection');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await within(accepting, 'connection')) as [Socket];
  opened.push(near, far);
  return { near, far };
}

/** As long as it takes for everything to arrive over loopback. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Reads directly from what becomes of the socket. */
function take(near: Socket): { direct: DirectSocket; received: () => string } {
  const direct = readDirectly(near);
  if (!(direct instanceof DirectSocket)) throw new Error('is not read directly');
  let received = '';
  opened.push(direct);
  direct.reader = {
    gotBytes(bytes) {
      received += bytes.toString();
    },
  };
  return { direct: direct.resume(), received: () => received };
}

describe('canReadDirectly', () => {
  it('says yes on the versions of Node that the tests run on', async () => {
    expect(await canReadDirectly()).toBe(true);
  });
});

describe('readDirectly', () => {
  it('moves the connection into a socket that carries bytes both ways', async () => {
    const { near, far } = await open();
    const { direct, received } = take(near);
    await within(once(near, 'close'), 'close of the socket that was left');
    far.write('one');
    await settled(() => (received() === 'one' ? null : 'nothing has arrived'));
    direct.write('two');
    expect(String(await within(once(far, 'data'), 'data'))).toBe('two');
    expect(direct.remotePort).toBe((far.address() as { port: number }).port);
    far.resume().end();
    await within(once(direct, 'end'), 'end');
    direct.end();
    await within(once(direct, 'close'), 'close');
  });

  it('reads nothing while it is paused, and everything later', async () => {
    const { near, far } = await open();
    const { direct, received } = take(near);
    direct.pause();
    far.write('later');
    await turns();
    expect(received()).toBe('');
    direct.resume();
    await settled(() => (received() === 'later' ? null : 'nothing has arrived'));
  });

  it('leaves alone a socket whose end has arrived', async () => {
    const { near, far } = await open();
    far.end();
    await turns();
    expect(readDirectly(near)).toBe(near);
  });

  it('tells of a reset', async () => {
    const { near, far } = await open();
    const { direct } = take(near);
    const error = once(direct, 'error');
    far.resetAndDestroy();
    expect(await within(error, 'error')).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  it('leaves alone a socket of which something still waits to be read', async () => {
    const { near, far } = await open();
    near.once('readable', () => {});
    far.write('unread');
    await settled(() => (near.readableLength > 0 ? null : 'nothing has arrived'));
    expect(readDirectly(near)).toBe(near);
  });

  it('leaves alone a socket that is gone, and whatever is no plain socket', async () => {
    const { near, far } = await open();
    near.destroy();
    far.destroy();
    expect(readDirectly(near)).toBe(near);
    const [stream] = duplexPair();
    expect(readDirectly(stream)).toBe(stream);
  });

  it('leaves alone a socket whose inside looks different', async () => {
    const { near } = await open();
    const handle: unknown = Reflect.get(near, '_handle');
    Reflect.set(near, '_handle', {});
    expect(readDirectly(near)).toBe(near);
    Reflect.set(near, '_handle', handle);
  });
});
