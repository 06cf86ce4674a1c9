import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { buildFrame, closeFrame, OPCODE } from './build-frames.ts';
import { within } from './deadline.ts';
import { drip } from './drip.ts';
import { VIOLATIONS } from './frame-rules.ts';
import { formatHead, type HttpHead, headerOf, parseHead } from './http-head.ts';
import { readClose } from './parse-frames.ts';
import { acceptValue } from './raw-client.ts';
import { ProtocolViolation, type ReceivedFrame, StrictReader } from './strict-reader.ts';

export interface EchoServerOptions {
  readonly port?: number;
  readonly host?: string;
  readonly tls?: TlsOptions;
  /** `Sec-WebSocket-Extensions` of the 101, when the client offered permessage-deflate. */
  readonly extensions?: string;
  /** Picks the offered subprotocol of this name. */
  readonly subprotocol?: string;
  /** Writes its frames one byte a turn of the event loop. */
  readonly drip?: boolean;
}

/**
 * An upstream that takes nothing on trust. It echoes every data frame as it came, fragmentation and RSV1 included,
 * answers pings and closes, and keeps a list of everything that broke RFC 6455: `assertClean()` fails if there is any.
 */
export class EchoServer {
  readonly server: Server;
  readonly options: EchoServerOptions;
  /** What was wrong, in words. Empty when every client kept to the protocol. */
  readonly violations: string[] = [];
  /** Heads of the handshakes it accepted. */
  readonly requests: HttpHead[] = [];
  /** Close frames it got, 1005 for one without a code, in order. */
  readonly closes: { code: number; reason: string }[] = [];
  readonly counts = { pings: 0, pongs: 0, frames: 0, messages: 0 };
  readonly sockets = new Set<Socket>();

  constructor(server: Server, options: EchoServerOptions) {
    this.server = server;
    this.options = options;
    server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      new EchoConnection(this, socket).listen();
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(path = '/'): string {
    return `${this.options.tls === undefined ? 'ws://127.0.0.1' : 'wss://localhost'}:${this.port}${path}`;
  }

  assertClean(): void {
    if (this.violations.length > 0) throw new Error(`the upstream saw: ${this.violations.join('; ')}`);
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await within(closed, 'close of the echo server');
  }
}

export async function startEchoServer(options: EchoServerOptions = {}): Promise<EchoServer> {
  const server =
    options.tls === undefined
      ? createServer({ noDelay: true })
      : createTlsServer({ ...options.tls, noDelay: true } as TlsOptions);
  const echo = new EchoServer(server, options);
  server.listen(options.port ?? 0, options.host ?? (options.tls === undefined ? '127.0.0.1' : 'localhost'));
  await within(once(server, 'listening'), 'listening echo server');
  return echo;
}

class EchoConnection {
  readonly #server: EchoServer;
  readonly #socket: Socket;
  #handshake = Buffer.alloc(0);
  #reader: StrictReader | null = null;
  #closed = false;
  #written: Promise<void> = Promise.resolve();

  constructor(server: EchoServer, socket: Socket) {
    this.#server = server;
    this.#socket = socket;
  }

  listen(): void {
    // Resets and early ends are the tests' own doing; what matters here is what was said before.
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk) => {
      try {
        this.#onData(chunk);
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) {
      this.#blame(`${chunk.length} bytes after a close frame`);
    } else if (this.#reader === null) {
      this.#onHandshakeData(chunk);
    } else {
      this.#reader.bytes.push(chunk);
      this.#echo(this.#reader);
    }
  }

  #onHandshakeData(chunk: Buffer): void {
    this.#handshake = Buffer.concat([this.#handshake, chunk]);
    const end = this.#handshake.indexOf('\r\n\r\n');
    if (end < 0) return;
    const request = parseHead(this.#handshake.subarray(0, end + 4));
    this.#server.requests.push(request);
    const deflate = this.#accept(request);
    this.#reader = new StrictReader({ masked: true, deflate });
    this.#reader.bytes.push(this.#handshake.subarray(end + 4));
    this.#echo(this.#reader);
  }

  #accept(request: HttpHead): boolean {
    const { extensions, subprotocol } = this.#server.options;
    const key = headerOf(request, 'sec-websocket-key') ?? '';
    if (Buffer.from(key, 'base64').length !== 16) this.#blame(`Sec-WebSocket-Key "${key}"`);
    if (headerOf(request, 'sec-websocket-version') !== '13') this.#blame('another version than 13');
    const headers: [string, string][] = [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', acceptValue(key)],
    ];
    const deflate = extensions !== undefined && offers(request, 'extensions', 'permessage-deflate');
    if (deflate) headers.push(['Sec-WebSocket-Extensions', extensions]);
    if (subprotocol !== undefined && offers(request, 'protocol', subprotocol)) {
      headers.push(['Sec-WebSocket-Protocol', subprotocol]);
    }
    this.#socket.write(formatHead({ startLine: 'HTTP/1.1 101 Switching Protocols', headers }));
    return deflate;
  }

  #echo(reader: StrictReader): void {
    for (let frame = reader.next(); frame !== null && !this.#closed; frame = reader.next())
      this.#onFrame(frame);
    if (this.#closed && reader.bytes.length > 0)
      this.#blame(`${reader.bytes.length} bytes after a close frame`);
  }

  #onFrame(frame: ReceivedFrame): void {
    const { counts, closes } = this.#server;
    const { opcode, fin, rsv1, payload } = frame;
    counts.frames++;
    switch (opcode) {
      case OPCODE.ping:
        counts.pings++;
        this.#write(buildFrame({ opcode: OPCODE.pong, payload }));
        break;
      case OPCODE.pong:
        counts.pongs++;
        break;
      case OPCODE.close:
        this.#closed = true;
        closes.push(readClose(payload));
        this.#end(buildFrame({ opcode, payload: payload.subarray(0, 2) }));
        break;
      default:
        if (fin) counts.messages++;
        this.#write(buildFrame({ opcode, fin, rsv1, payload }));
    }
  }

  #fail(error: unknown): void {
    this.#blame(error instanceof Error ? error.message : String(error));
    const code = error instanceof ProtocolViolation ? VIOLATIONS[error.kind] : 1011;
    this.#closed = true;
    this.#end(buildFrame(closeFrame(code, 'echo server')));
  }

  #write(bytes: Buffer): void {
    if (this.#server.options.drip === true)
      this.#written = this.#written.then(() => drip(this.#socket, bytes));
    else this.#socket.write(bytes);
  }

  /** The last frame; then the server closes TCP first (RFC 6455 §7.1.1). */
  #end(bytes: Buffer): void {
    this.#write(bytes);
    void this.#written.then(() => this.#socket.end());
  }

  #blame(what: string): void {
    this.#server.violations.push(what);
  }
}

function offers(request: HttpHead, header: 'extensions' | 'protocol', name: string): boolean {
  const offered = headerOf(request, `sec-websocket-${header}`) ?? '';
  return offered.split(',').some((offer) => offer.split(';')[0]?.trim() === name);
}
