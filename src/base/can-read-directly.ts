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
  const fail = (): void => abort.abort();
  const cancel = systemClock.after(DEADLINE_MS, fail);
  /** Watched from the first moment: an error that nobody listens for would end the process. */
  const watch = <S extends Duplex>(socket: S): S => {
    sockets.push(socket.on('error', fail));
    return socket;
  };
  try {
    return await passesTest(server.on('error', fail), watch, abort.signal);
  } catch {
    return false;
  } finally {
    cancel();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

async function passesTest(
  server: Server,
  watch: <S extends Duplex>(socket: S) => S,
  signal: AbortSignal,
): Promise<boolean> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening', { signal });
  const accepting = once(server, 'connection', { signal });
  const far = watch(connect((server.address() as AddressInfo).port, '127.0.0.1'));
  const [accepted] = (await accepting) as [Socket];
  const direct = watch(readDirectly(watch(accepted)));
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
