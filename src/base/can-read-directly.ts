import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemClock } from './clock.ts';
import { DirectSocket, readDirectly } from './direct-socket.ts';

const DEADLINE_MS = 2000;

let answer: Promise<boolean> | null = null;

/**
 * Whether `readDirectly` works on this Node, found out once a process by doing it: a connection over loopback carries
 * bytes both ways and ends. Never rejects.
 */
export function canReadDirectly(): Promise<boolean> {
  answer ??= tryIt();
  return answer;
}

async function tryIt(): Promise<boolean> {
  const server = createServer({ allowHalfOpen: true });
  const sockets: Duplex[] = [];
  const abort = new AbortController();
  const cancel = systemClock.after(DEADLINE_MS, () => abort.abort());
  try {
    return await passesTest(server, sockets, abort.signal);
  } catch {
    return false;
  } finally {
    cancel();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

async function passesTest(server: Server, sockets: Duplex[], signal: AbortSignal): Promise<boolean> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening', { signal });
  const accepting = once(server, 'connection', { signal });
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(far);
  const [accepted] = (await accepting) as [Socket];
  const direct = readDirectly(accepted);
  sockets.push(accepted, direct);
  if (!(direct instanceof DirectSocket)) return false;

  direct.reader = { gotBytes: (bytes) => void direct.write(Buffer.from(bytes)) };
  direct.resume();
  const echoed = once(far, 'data', { signal });
  far.write('there and back');
  const [echo] = (await echoed) as [Buffer];
  const ended = once(direct, 'end', { signal });
  const closed = once(direct, 'close', { signal });
  far.end();
  await ended;
  direct.end();
  await closed;
  return echo.toString() === 'there and back';
}
