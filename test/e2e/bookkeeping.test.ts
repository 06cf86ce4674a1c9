import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { type FrameSpec, fragmented, OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { generator } from '../support/random.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import type { RawUpstream, UpstreamConnection } from '../support/raw-upstream.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const { ca, caFile, server } = certificates;

/** What an end sends: whole messages and fragmented ones, with control frames in between. */
interface Script {
  readonly frames: readonly FrameSpec[];
  readonly messages: number;
  readonly bytes: number;
}

function randomScript(random: () => number): Script {
  const messages = Math.floor(random() * 20);
  const frames: FrameSpec[] = [];
  let bytes = 0;
  for (let i = 0; i < messages; i++) {
    const size = Math.floor(random() ** 3 * 100_000);
    bytes += size;
    const payload = Buffer.alloc(size, 'm');
    if (random() < 0.5) frames.push({ opcode: OPCODE.binary, payload });
    else {
      const [first, ...others] = fragmented(OPCODE.text, payload, [
        Math.floor(size / 3),
        Math.floor(size / 2),
      ]);
      if (first !== undefined) frames.push(first, { opcode: OPCODE.ping, payload: 'between' }, ...others);
    }
    if (random() < 0.2) frames.push({ opcode: OPCODE.pong, payload: 'unasked' });
  }
  return { frames, messages, bytes };
}

async function play(end: RawConnection, { frames }: Script): Promise<void> {
  for (const frame of frames) {
    end.send(frame);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function readMessages(end: RawConnection, count: number): Promise<number> {
  let bytes = 0;
  for (let i = 0; i < count; i++) bytes += (await end.nextMessage()).payload.length;
  return bytes;
}

describe('forty connections at a time, each with a script of its own', () => {
  it.each([false, true])('are counted to the byte (TLS: %s)', { timeout: 30_000 }, async (tls) => {
    const random = generator(tls ? 7 : 42);
    const upstream = await bed.upstream(tls ? { tls: server } : {});
    const listener = tls ? { tls: true, certFile: server.certFile, keyFile: server.keyFile } : {};
    const action = { tls: tls ? { ca: caFile } : {}, maxControlFrames: 0 };
    const gateway = await bed.gateway(forwardingConfig(upstream.url(), action, listener));
    const session = async (i: number): Promise<void> => {
      const [down, up] = [randomScript(random), randomScript(random)];
      const closer = random() < 0.5 ? 'client' : 'upstream';
      const { client, taken } = await openNumbered(gateway, upstream, i, tls);
      const [sentUp, sentDown] = await Promise.all([
        readMessages(taken, up.messages),
        readMessages(client, down.messages),
        play(client, up),
        play(taken, down),
      ]);
      expect([sentUp, sentDown]).toEqual([up.bytes, down.bytes]);
      await closeFrom(closer, client, taken);
      const line = await gateway.log.line(({ fields }) => fields['id'] === `n-${i}` && 'cause' in fields);
      expect(line.fields).toMatchObject({
        cause: `${closer}-closed`,
        client: { messages: up.messages, bytes: up.bytes, closeReceived: 1000, closeSent: 1000 },
        upstream: { messages: down.messages, bytes: down.bytes, closeReceived: 1000, closeSent: 1000 },
      });
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => session(i)));
    expect(gateway.stats()).toMatchObject({ opened: 40, ended: 40, connections: 0, refused: 0 });
    expect(gateway.log.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });
});

/** A connection whose request carries the id `n-<i>`, with its other end. */
async function openNumbered(gateway: StartedGateway, upstream: RawUpstream, i: number, tls: boolean) {
  const client = await bed.open({
    port: gateway.port,
    headers: [['X-Request-Id', `n-${i}`]],
    ...(tls ? { tls: { ca, servername: 'localhost' } } : {}),
  });
  const taken = upstream.connections.find(({ request }) =>
    request?.headers.some(([name, value]) => name.toLowerCase() === 'x-request-id' && value === `n-${i}`),
  );
  if (taken === undefined) throw new Error(`the upstream has no connection ${i}`);
  return { client, taken };
}

async function closeFrom(
  closer: 'client' | 'upstream',
  client: RawConnection,
  taken: UpstreamConnection,
): Promise<void> {
  const [first, second] = closer === 'client' ? [client, taken] : [taken, client];
  first.sendClose(1000);
  expect((await second.nextClose()).code).toBe(1000);
  second.sendClose(1000);
  expect((await first.nextClose()).code).toBe(1000);
  taken.end();
  await client.tcpEnd();
  client.end();
}
