import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { within } from '../support/deadline.ts';
import { forwardingConfig, type StartedGateway, startGateway } from '../support/gateway.ts';
import { echo, RestartingUpstream } from '../support/restarting-upstream.ts';

const BACKOFF = { initial: '10ms', max: '50ms' };

let upstream: RestartingUpstream;
let gateway: StartedGateway;
let client: WebSocket;

interface Hold {
  readonly [option: string]: unknown;
}

async function open(hold: Hold = {}, subprotocols: string[] = []): Promise<void> {
  upstream = new RestartingUpstream(echo);
  await upstream.start();
  const options = { hold: { attempts: 1000, backoff: BACKOFF, ...hold } };
  gateway = await startGateway(forwardingConfig(upstream.url, options));
  client = new WebSocket(`ws://127.0.0.1:${gateway.port}/`, subprotocols);
  client.on('error', () => {});
  await within(new Promise((resolve) => client.once('open', resolve)), 'opening');
}

/** Sends a message and waits until it comes back. */
function echoOf(message: string): Promise<string> {
  const back = new Promise<string>((resolve) => client.once('message', (data) => resolve(data.toString())));
  client.send(message);
  return within(back, `echo of ${message}`);
}

const held = () => expect.poll(() => gateway.stats().held, { timeout: 5000 }).toBe(1);

afterEach(async () => {
  client.terminate();
  await gateway.stop();
  await upstream.stop();
});

describe('a client with hold', () => {
  it.each([1001, 1012, 'cut'] as const)('stays while its upstream restarts (%s)', async (how) => {
    await open();
    expect(await echoOf('one')).toBe('one');
    await upstream.stop(how);
    const back = echoOf('two');
    await held();
    await upstream.start();
    expect(await back).toBe('two');
    const [first, second] = upstream.handshakes;
    expect(first?.resumed).toBeUndefined();
    expect(second).toEqual({ resumed: '1', id: first?.id });
    expect(gateway.stats()).toMatchObject({ connections: 1, opened: 1, held: 0, resumed: 1 });
  });
});
