import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { buildFrame, closeFrame, type FrameSpec, OPCODE } from './build-frames.ts';
import { DEADLINE_MS, within } from './deadline.ts';
import { isControl } from './frame-rules.ts';
import { type HttpHead, headerOf, headersOf, parseHead } from './http-head.ts';
import { type ParsedMessage, readClose } from './parse-frames.ts';
import { type ReceivedFrame, StrictReader } from './strict-reader.ts';

/**
 * How a peer's TCP came to its end. A reset right behind data may show as `fin`: libuv takes the hang-up for an end
 * when both arrive together.
 */
export type TcpEnd = 'fin' | 'reset';

export interface HttpAnswer extends HttpHead {
  readonly status: number;
  readonly body: Buffer;
}

const MAX_HEAD_BYTES = 64 * 1024;

/**
 * One end of a TCP or TLS connection in a test's hand: writes any bytes, reads strictly, and every wait has a deadline
 * with words for what did not come. It never answers by itself: no pong, no close, no FIN.
 */
export class RawConnection {
  readonly socket: Socket;
  /** The TCP socket below TLS; `socket` itself without TLS. */
  readonly tcp: Socket;
  readonly role: 'client' | 'upstream';
  /** The socket's error, if it had one. */
  error: Error | null = null;
  deadlineMs: number;
  /** Every frame read so far. */
  readonly frames: ReceivedFrame[] = [];
  #reader: StrictReader;
  #end: TcpEnd | null = null;
  readonly #watchers = new Set<() => void>();

  constructor(socket: Socket, role: 'client' | 'upstream', deadlineMs = DEADLINE_MS, tcp = socket) {
    this.socket = socket;
    this.tcp = tcp;
    this.role = role;
    this.deadlineMs = deadlineMs;
    this.#reader = new StrictReader({ masked: role === 'upstream' });
    this.#listen();
  }

  /** How the peer ended TCP; `null` while it has not. Unread bytes may still be waiting. */
  get ended(): TcpEnd | null {
    return this.#end;
  }

  /** Bytes that arrived and were not read. */
  get unreadBytes(): number {
    return this.#reader.bytes.length;
  }

  /** Takes compressed frames from now on, as permessage-deflate was agreed. Before the first frame only. */
  expectDeflate(): void {
    const bytes = this.#reader.bytes.takeAll();
    this.#reader = new StrictReader({ masked: this.role === 'upstream', deflate: true });
    this.#reader.bytes.push(bytes);
  }

  /** Writes bytes as they are. */
  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Writes frames in one go, masked as the role wants unless a frame says otherwise. */
  send(...frames: FrameSpec[]): void {
    this.write(Buffer.concat(frames.map((frame) => this.encode(frame))));
  }

  /** A frame's bytes as `send` would write them. */
  encode(frame: FrameSpec): Buffer {
    const mask = this.role === 'client' ? randomBytes(4) : null;
    return buildFrame(frame.mask === undefined ? { ...frame, mask } : frame);
  }

  sendText(text: string): void {
    this.send({ opcode: OPCODE.text, payload: text });
  }

  sendClose(code?: number, reason?: string | Uint8Array): void {
    this.send(closeFrame(code, reason));
  }

  /** The next frame, whatever it is. Rejects with `ProtocolViolation` when it is none. */
  nextFrame(): Promise<ReceivedFrame> {
    return this.until('frame', () => this.#reader.next()).then((frame) => {
      this.frames.push(frame);
      return frame;
    });
  }

  /** The next message. Control frames on the way are answered as told: pings by a pong if `pong`, else left alone. */
  async nextMessage(options: { pong?: boolean } = {}): Promise<ParsedMessage> {
    const fragments: ReceivedFrame[] = [];
    for (;;) {
      const frame = await this.nextFrame();
      if (frame.opcode === OPCODE.close)
        throw new Error(`close ${describeClose(frame)} instead of a message`);
      if (frame.opcode === OPCODE.ping && options.pong)
        this.send({ opcode: OPCODE.pong, payload: frame.payload });
      if (isControl(frame.opcode)) continue;
      fragments.push(frame);
      if (frame.fin) return joined(fragments);
    }
  }

  /** The next frame of this opcode; others on the way are passed over, but not a close. */
  async nextOf(opcode: number): Promise<ReceivedFrame> {
    for (;;) {
      const frame = await this.nextFrame();
      if (frame.opcode === opcode) return frame;
      if (frame.opcode === OPCODE.close)
        throw new Error(`close ${describeClose(frame)} instead of opcode ${opcode}`);
    }
  }

  /** What the peer's close frame says, 1005 for nothing; frames before it are passed over. */
  async nextClose(): Promise<{ code: number; reason: string }> {
    for (;;) {
      const frame = await this.nextFrame();
      if (frame.opcode === OPCODE.close) return readClose(frame.payload);
    }
  }

  /** Exactly `n` bytes, or all there are when the peer ends before. */
  readBytes(n: number): Promise<Buffer> {
    return this.until(`${n} bytes`, () => this.#reader.bytes.take(n));
  }

  /** Everything until the peer ends TCP. */
  async readToEnd(): Promise<Buffer> {
    await this.tcpEnd();
    return this.#reader.bytes.takeAll();
  }

  /** How the peer ends TCP, now or later. */
  tcpEnd(): Promise<TcpEnd> {
    return this.until('end of TCP', () => this.#end, true);
  }

  /** Resolves when the socket is released, both ways. */
  async closed(): Promise<void> {
    await this.until('close of the socket', () => (this.socket.closed ? true : null), true);
  }

  /** Head of an HTTP message, without what follows it. */
  async readHead(): Promise<HttpHead> {
    const bytes = await this.until('HTTP head', () => {
      const seen = this.#reader.bytes.peek(Math.min(this.unreadBytes, MAX_HEAD_BYTES));
      const end = seen.indexOf('\r\n\r\n');
      if (end < 0 && seen.length >= MAX_HEAD_BYTES) throw new Error('an HTTP head without an end');
      return end < 0 ? null : this.#reader.bytes.take(end + 4);
    });
    return parseHead(bytes);
  }

  /** An answer with its body; that of a 101 is empty, since what follows are frames. Interim answers are passed over. */
  async readAnswer(): Promise<HttpAnswer> {
    const head = await this.readHead();
    const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(head.startLine)?.[1]);
    if (Number.isNaN(status)) throw new Error(`not a status line: ${JSON.stringify(head.startLine)}`);
    if (status === 101 || status === 204 || status === 304) return { ...head, status, body: Buffer.alloc(0) };
    if (status < 200) return this.readAnswer();
    return { ...head, status, body: await this.#readBody(head) };
  }

  /** Half-closes: FIN to the peer, while we go on reading. */
  end(): void {
    this.socket.end();
  }

  /** RST to the peer, below TLS if there is any. */
  reset(): void {
    this.tcp.resetAndDestroy();
    this.socket.destroy();
  }

  /** Half-closes TCP below TLS: FIN without close_notify. */
  endTcp(): void {
    this.tcp.end();
  }

  /** Stops reading from the network, so that the peer's writes back up. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Ends without ceremony, whatever the state. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Waits until `look` finds something; looks again whenever something happens on the socket. */
  until<T>(what: string, look: () => T | null, pastEnd = false): Promise<T> {
    const found = new Promise<T>((resolve, reject) => {
      const watch = () => {
        try {
          const value = look();
          if (value === null && (pastEnd || this.#end === null)) return;
          this.#watchers.delete(watch);
          if (value === null) reject(new Error(`${this.#ending()} instead of ${what}`));
          else resolve(value);
        } catch (error) {
          this.#watchers.delete(watch);
          reject(error);
        }
      };
      this.#watchers.add(watch);
      watch();
    });
    return within(found, `${what} at the ${this.role}`, this.deadlineMs);
  }

  async #readBody(head: HttpHead): Promise<Buffer> {
    if (headersOf(head, 'transfer-encoding').join() === 'chunked') return this.#readChunks();
    const length = headerOf(head, 'content-length');
    return length === undefined ? this.readToEnd() : this.readBytes(Number(length));
  }

  async #readChunks(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const size = Number.parseInt((await this.#readLine()).toString('latin1'), 16);
      if (size > 0) parts.push(await this.readBytes(size));
      await this.#readLine();
      if (size === 0) return Buffer.concat(parts);
    }
  }

  #readLine(): Promise<Buffer> {
    return this.until('line', () => {
      const end = this.#reader.bytes.peek(this.unreadBytes).indexOf('\r\n');
      return end < 0 ? null : this.#reader.bytes.take(end + 2);
    });
  }

  #listen(): void {
    this.socket.on('data', (chunk) => {
      this.#reader.bytes.push(chunk);
      this.#changed();
    });
    this.socket.on('error', (error) => {
      this.error = error;
      this.#end ??= 'reset';
      this.#changed();
    });
    this.socket.on('end', () => {
      this.#end ??= 'fin';
      this.#changed();
    });
    this.socket.on('close', () => {
      this.#end ??= 'fin';
      this.#changed();
    });
  }

  #changed(): void {
    for (const watch of [...this.#watchers]) watch();
  }

  #ending(): string {
    const left = this.unreadBytes > 0 ? ` with ${this.unreadBytes} bytes unread` : '';
    return `${this.#end === 'reset' ? `a reset (${this.error?.message ?? ''})` : 'the end of TCP'}${left}`;
  }
}

function joined(fragments: readonly ReceivedFrame[]): ParsedMessage {
  const first = fragments[0];
  return {
    opcode: first?.opcode ?? 0,
    compressed: first?.rsv1 ?? false,
    payload: Buffer.concat(fragments.map((fragment) => fragment.payload)),
    fragments: fragments.length,
  };
}

function describeClose(frame: ReceivedFrame): string {
  const { code, reason } = readClose(frame.payload);
  return `${code} "${reason}"`;
}
