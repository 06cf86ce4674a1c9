import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { buildFrame, masked, OPCODE } from '../support/build-frames.ts';
import { within } from '../support/deadline.ts';
import { headerOf, parseHead } from '../support/http-head.ts';
import { readClose } from '../support/parse-frames.ts';
import { acceptValue, handshakeRequest } from '../support/raw-client.ts';
import { StrictReader } from '../support/strict-reader.ts';

/** What happened on one side of all connections. */
export class Tally {
  opened = 0;
  /** Connections that got at least one ping. */
  pinged = 0;
  closed = 0;
  readonly failures: string[] = [];
  /** How many close frames came with each code. */
  readonly closeCodes = new Map<number, number>();
  readonly #watchers = new Set<() => void>();

  changed(): void {
    for (const look of [...this.#watchers]) look();
  }

  /** Resolves when `done` holds. */
  until(what: string, deadlineMs: number, done: () => boolean): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      const look = () => {
        if (!done()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
    return within(reached, what, deadlineMs);
  }
}

/** One end of a connection on which nothing happens but what the gateway starts: it answers pings and closes. */
export class IdlePeer {
  readonly socket: Socket;
  readonly #tally: Tally;
  readonly #isClient: boolean;
  #reader: StrictReader | null = null;
  #head = Buffer.alloc(0);
  #pinged = false;
  #closing = false;

  constructor(socket: Socket, role: 'client' | 'upstream', tally: Tally) {
    this.socket = socket;
    this.#tally = tally;
    this.#isClient = role === 'client';
    socket.setNoDelay(true);
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => {
      tally.closed++;
      tally.changed();
    });
    socket.on('data', (chunk) => {
      try {
        this.#onData(chunk);
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  close(code: number): void {
    this.#closing = true;
    this.#send(OPCODE.close, Buffer.of(code >> 8, code & 0xff));
  }

  #onData(chunk: Buffer): void {
    if (this.#reader === null) {
      this.#onHead(chunk);
      return;
    }
    this.#reader.bytes.push(chunk);
    this.#readFrames(this.#reader);
  }

  #onHead(chunk: Buffer): void {
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = parseHead(this.#head.subarray(0, end + 4));
    if (!this.#isClient) this.#accept(headerOf(head, 'sec-websocket-key') ?? '');
    else if (!head.startLine.includes(' 101 ')) throw new Error(head.startLine);
    this.#reader = new StrictReader({ masked: !this.#isClient });
    this.#reader.bytes.push(this.#head.subarray(end + 4));
    this.#head = Buffer.alloc(0);
    this.#tally.opened++;
    this.#readFrames(this.#reader);
    this.#tally.changed();
  }

  #accept(key: string): void {
    const accept = `Sec-WebSocket-Accept: ${acceptValue(key)}`;
    this.socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n\r\n`,
    );
  }

  #readFrames(reader: StrictReader): void {
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      if (frame.opcode === OPCODE.ping) this.#onPing(frame.payload);
      else if (frame.opcode === OPCODE.close) this.#onClose(frame.payload);
    }
  }

  #onPing(payload: Buffer): void {
    this.#send(OPCODE.pong, payload);
    if (this.#pinged) return;
    this.#pinged = true;
    this.#tally.pinged++;
    this.#tally.changed();
  }

  #onClose(payload: Buffer): void {
    const { code } = readClose(payload);
    this.#tally.closeCodes.set(code, (this.#tally.closeCodes.get(code) ?? 0) + 1);
    if (!this.#closing) this.#send(OPCODE.close, payload.subarray(0, 2));
    this.socket.end();
  }

  #send(opcode: number, payload: Buffer): void {
    if (!this.socket.writable) return;
    const frame = { opcode, payload };
    this.socket.write(buildFrame(this.#isClient ? masked(frame) : frame));
  }

  #fail(error: unknown): void {
    this.#tally.failures.push(error instanceof Error ? error.message : String(error));
    this.socket.destroy();
  }
}

/** An upstream that accepts everything and says nothing. */
export async function startIdleUpstream(tally: Tally): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => new IdlePeer(socket, 'upstream', tally));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await within(once(server, 'listening'), 'listening upstream');
  return { port: (server.address() as AddressInfo).port, server };
}

/** Opens `count` connections, so many handshakes at a time. */
export async function openIdleClients(
  port: number,
  count: number,
  atOnce: number,
  tally: Tally,
): Promise<IdlePeer[]> {
  const peers: IdlePeer[] = [];
  const before = tally.opened;
  for (let i = 0; i < count; i++) {
    await tally.until(
      'free place among the handshakes',
      20_000,
      () => i - (tally.opened - before) < atOnce || failed(tally),
    );
    if (failed(tally)) throw new Error(`connection ${i}: ${tally.failures[0]}`);
    const socket = connect({ port, host: '127.0.0.1' });
    peers.push(new IdlePeer(socket, 'client', tally));
    socket.write(handshakeRequest({ path: '/idle' }));
  }
  await tally.until(
    `${count} open connections`,
    20_000,
    () => tally.opened - before === count || failed(tally),
  );
  if (failed(tally)) throw new Error(tally.failures[0]);
  return peers;
}

function failed(tally: Tally): boolean {
  return tally.failures.length > 0;
}
