import type { Socket } from 'node:net';
import { buildFrame, OPCODE } from '../test/support/build-frames.ts';
import { StrictReader } from '../test/support/strict-reader.ts';

const EVERY_MS = 50;
/** Longer than this machine may be busy with other things. */
const MAX_DELAY_MS = 5_000;
const HANDSHAKE =
  'GET /calm HTTP/1.1\r\nHost: gateway.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** A client that does everything right, all the time, and must never notice what goes on around it. */
export class Canary {
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #reader = new StrictReader({ masked: false });
  readonly #asked: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #isOpen: () => void = () => {};
  #head: Buffer | null = Buffer.alloc(0);
  #sent = 0;
  #heard = 0;
  #fault: string | null = null;
  #stopped = false;
  /** The longest that an echo took, in milliseconds. */
  worstMs = 0;
  /** How long the latest echo took, in milliseconds. */
  latestMs = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.opened = new Promise((resolve) => {
      this.#isOpen = resolve;
    });
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', () => this.#fail('its connection ended'));
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#onData(chunk);
      } catch (error) {
        this.#fail(String(error));
      }
    });
    socket.write(HANDSHAKE);
    this.#timer = setInterval(() => this.#ask(), EVERY_MS);
  }

  /** What went wrong, if anything did. */
  get fault(): string | null {
    const oldest = this.#asked[0];
    if (oldest !== undefined && performance.now() - oldest > MAX_DELAY_MS) this.#fail('it waits for an echo');
    return this.#fault;
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#socket.destroy();
  }

  #ask(): void {
    if (this.#head !== null || this.#socket.destroyed) return;
    this.#asked.push(performance.now());
    this.#send(OPCODE.text, String(this.#sent++));
  }

  #onData(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#head !== null) {
      this.#head = Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!this.#head.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error('it was refused');
      bytes = this.#head.subarray(end + 4);
      this.#head = null;
      this.#isOpen();
    }
    this.#reader.bytes.push(bytes);
    for (let frame = this.#reader.next(); frame !== null; frame = this.#reader.next()) {
      if (frame.opcode === OPCODE.ping) this.#send(OPCODE.pong, frame.payload);
      else if (frame.opcode === OPCODE.text) this.#hear(frame.payload.toString());
      else throw new Error(`it got opcode ${frame.opcode}: ${frame.payload.toString('latin1')}`);
    }
  }

  #hear(text: string): void {
    if (text !== String(this.#heard++)) throw new Error(`it got ${text} instead of ${this.#heard - 1}`);
    this.latestMs = performance.now() - (this.#asked.shift() ?? 0);
    this.worstMs = Math.max(this.worstMs, this.latestMs);
  }

  #send(opcode: number, payload: Uint8Array | string): void {
    if (this.#socket.writable) this.#socket.write(buildFrame({ opcode, payload, mask: Buffer.from('mask') }));
  }

  #fail(why: string): void {
    if (!this.#stopped) this.#fault ??= why;
  }
}
