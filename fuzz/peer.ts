import type { Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { buildFrame, OPCODE } from '../test/support/build-frames.ts';
import { isControl } from '../test/support/frame-rules.ts';
import { parseFrames } from '../test/support/parse-frames.ts';
import { type ReceivedFrame, StrictReader } from '../test/support/strict-reader.ts';
import { frameBytes, type Step } from './case.ts';
import { afterHead } from './http-answers.ts';

const ANSWER_TIMEOUT_MS = 4_000;
/** More than so many pieces are said in one. */
const MAX_PIECES = 300;
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/** What one end of a connection said, heard and saw. */
export interface SideRecord {
  readonly sent: Buffer;
  readonly received: Buffer;
  /** How the gateway ended it; `null` while it has not. */
  readonly ended: 'fin' | 'reset' | null;
  /** How it left by itself, and whether it had heard anything by then. */
  readonly left: 'end' | 'reset' | null;
  readonly leftUnanswered: boolean;
  /** From its first to its last byte. */
  readonly spokeForMs: number;
  /** From when it was connected until the gateway ended it. */
  readonly livedMs: number;
  /** How often it wrote something. */
  readonly writes: number;
}

/** One end of a connection that does what its steps say. */
export class Peer {
  readonly #socket: Socket;
  readonly #tcp: Socket;
  readonly #isClient: boolean;
  readonly #fill: (text: string) => string;
  readonly #sent: Buffer[] = [];
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;
  #pending: Buffer[] = [];
  #pieceBytes = 0;
  #behaves = false;
  #echoes = false;
  #reader: StrictReader | null = null;
  #ended: SideRecord['ended'] = null;
  #left: SideRecord['left'] = null;
  #leftUnanswered = false;
  readonly #startedAt = performance.now();
  #endedAt: number | null = null;
  #firstWriteAt = 0;
  #lastWriteAt = 0;
  #closed = false;
  #watchers: (() => void)[] = [];

  /**
   * @param fill fills placeholders in.
   * @param tcp the socket below TLS, if there is any.
   */
  constructor(socket: Socket, role: 'client' | 'upstream', fill: (text: string) => string, tcp = socket) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#isClient = role === 'client';
    this.#fill = fill;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => {
      this.#sawEnd('fin');
      if (this.#behaves) this.#socket.end();
      this.#changed();
    });
    socket.on('error', () => {
      this.#sawEnd('reset');
      this.#changed();
    });
    socket.on('close', () => {
      this.#sawEnd('fin');
      this.#closed = true;
      this.#changed();
    });
  }

  get record(): SideRecord {
    return {
      sent: Buffer.concat(this.#sent),
      received: Buffer.concat(this.#received),
      ended: this.#ended,
      left: this.#left,
      leftUnanswered: this.#leftUnanswered,
      spokeForMs: this.#lastWriteAt - this.#firstWriteAt,
      livedMs: (this.#endedAt ?? performance.now()) - this.#startedAt,
      writes: this.#sent.length,
    };
  }

  /** Whether its socket is released. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Takes what was read from its socket by somebody else. */
  hear(bytes: Buffer): void {
    this.#onData(bytes);
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (this.#closed || this.#left === 'reset') return;
      await this.#do(step);
    }
    await this.#flush();
    this.#socket.resume();
  }

  /** Resolves when the gateway has ended the connection, or after so long. */
  async over(deadlineMs: number): Promise<boolean> {
    await this.#until(() => this.#closed || this.#ended !== null, deadlineMs);
    const over = this.#closed || this.#ended !== null;
    this.destroy();
    return over;
  }

  destroy(): void {
    this.#socket.destroy();
    this.#tcp.destroy();
  }

  async #do(step: Step): Promise<void> {
    if (step.do === 'bytes') this.#pending.push(Buffer.from(this.#fill(step.text), 'latin1'));
    else if (step.do === 'frame') this.#pending.push(frameBytes(step.frame));
    else if (step.do === 'reset') await this.#reset();
    else {
      await this.#flush();
      await this.#doFlushed(step);
    }
  }

  async #doFlushed(step: Step): Promise<void> {
    if (step.do === 'pieces') this.#pieceBytes = step.size;
    else if (step.do === 'turn') await setTimeout(1);
    else if (step.do === 'wait') await this.#until(() => this.#closed, step.ms);
    else if (step.do === 'answer') await this.#until(() => this.#isAnswered, ANSWER_TIMEOUT_MS);
    else if (step.do === 'behave' || step.do === 'echo') this.#behave(step.do === 'echo');
    else if (step.do === 'close') this.#say(OPCODE.close, Buffer.of(0x03, 0xe8));
    else if (step.do === 'pause') this.#socket.pause();
    else if (step.do === 'resume') this.#socket.resume();
    else if (step.do === 'end') this.#end();
  }

  get #isAnswered(): boolean {
    return this.#ended !== null || Buffer.concat(this.#received).includes('\r\n\r\n');
  }

  #sawEnd(how: 'fin' | 'reset'): void {
    this.#ended ??= how;
    this.#endedAt ??= performance.now();
  }

  #behave(echoes: boolean): void {
    this.#behaves = true;
    this.#echoes = echoes;
    this.#react();
    if (this.#ended !== null) this.#socket.end();
  }

  #end(): void {
    this.#leave('end');
    this.#socket.end();
  }

  async #reset(): Promise<void> {
    await this.#flush();
    this.#leave('reset');
    // Node cannot reset below TLS without harm.
    if (this.#socket instanceof TLSSocket) this.destroy();
    else this.#socket.resetAndDestroy();
  }

  #leave(how: 'end' | 'reset'): void {
    if (this.#left === null) this.#leftUnanswered = this.#ended === null && this.#receivedBytes === 0;
    this.#left = how;
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    let bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    if (this.#pieceBytes > 0) {
      for (let i = 0; i < MAX_PIECES && bytes.length > this.#pieceBytes; i++) {
        this.#write(bytes.subarray(0, this.#pieceBytes));
        bytes = bytes.subarray(this.#pieceBytes);
        await setImmediate();
      }
    }
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    if (this.#sent.length === 0) this.#firstWriteAt = performance.now();
    this.#lastWriteAt = performance.now();
    this.#sent.push(bytes);
    this.#socket.write(bytes);
  }

  #onData(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes <= MAX_KEPT_BYTES) this.#received.push(chunk);
    if (this.#reader !== null) this.#reader.bytes.push(chunk);
    if (this.#behaves) this.#react();
    this.#changed();
  }

  /** Answers what it heard as RFC 6455 wants it. */
  #react(): void {
    this.#reader ??= this.#readerOfAll();
    try {
      for (let frame = this.#reader?.next(); frame; frame = this.#reader?.next()) {
        if (frame.opcode === OPCODE.ping) this.#say(OPCODE.pong, frame.payload);
        if (this.#echoes && !isControl(frame.opcode)) this.#echo(frame);
        if (frame.opcode === OPCODE.close) {
          this.#say(OPCODE.close, frame.payload.subarray(0, 2));
          if (!this.#isClient) this.#socket.end();
        }
      }
    } catch {
      // The record shows it to those who judge.
      this.#behaves = false;
    }
  }

  #echo({ opcode, fin, rsv1, payload }: ReceivedFrame): void {
    this.#write(buildFrame({ opcode, fin, rsv1, payload }));
  }

  /** A reader of what follows the gateway's 101, or its request; `null` while there is neither. */
  #readerOfAll(): StrictReader | null {
    const heard = Buffer.concat(this.#received);
    const end = heard.indexOf('\r\n\r\n');
    const accepted = this.#isClient ? heard.toString('latin1', 0, 13) === 'HTTP/1.1 101 ' : true;
    if (end < 0 || !accepted) return null;
    const reader = new StrictReader({ masked: !this.#isClient, deflate: true });
    reader.bytes.push(heard.subarray(end + 4));
    return reader;
  }

  /** A control frame of its own, where one may stand. */
  #say(opcode: number, payload: Buffer): void {
    if (!this.#mayFrame) return;
    const frame = { opcode, payload: payload.toString('latin1') };
    this.#write(frameBytes(this.#isClient ? { ...frame, mask: 'mask' } : frame));
  }

  /** Whether it has an open connection, and what it said last was a whole frame. */
  get #mayFrame(): boolean {
    if (this.#echoes) return true;
    const heard = Buffer.concat(this.#received);
    if (this.#isClient && heard.toString('latin1', 0, 13) !== 'HTTP/1.1 101 ') return false;
    const sent = Buffer.concat([...this.#sent, ...this.#pending]);
    const start = afterHead(sent);
    if (start === null) return false;
    const { cut, violation, close } = parseFrames(sent.subarray(start), {
      masked: this.#isClient,
      deflate: true,
    });
    return !cut && violation === null && close === null;
  }

  async #until(done: () => boolean, deadlineMs: number): Promise<void> {
    if (done()) return;
    const cancel = new AbortController();
    const changed = new Promise<void>((resolve) => {
      const watch = () => {
        if (done()) resolve();
        else this.#watchers.push(watch);
      };
      this.#watchers.push(watch);
    });
    const late = setTimeout(deadlineMs, undefined, { signal: cancel.signal }).catch(() => {});
    await Promise.race([changed, late]);
    cancel.abort();
  }

  #changed(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watch of watchers) watch();
  }
}
