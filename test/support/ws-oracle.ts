import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import { OPCODE } from './build-frames.ts';
import type { StreamRules, ViolationKind } from './frame-rules.ts';
import type { ParsedStream } from './parse-frames.ts';

/** What `ws` makes of a direction of a WebSocket connection. */
export interface WsVerdict {
  readonly valid: boolean;
  /** The close code it fails the connection with; `null` when valid. */
  readonly code: number | null;
  readonly error: string | null;
  /** Lengths of the complete messages, as on the wire. */
  readonly messageBytes: number[];
  readonly close: { readonly code: number; readonly reason: string } | null;
}

type ReceiverConstructor = new (options: Record<string, unknown>) => Writable;
// Exported by the package, absent from its types.
const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: ReceiverConstructor };

/** Feeds the pieces to the receiver of `ws`. Text and reasons are not checked for UTF-8, compressed data not inflated. */
export async function askWs(pieces: readonly Buffer[], rules: StreamRules): Promise<WsVerdict> {
  const receiver = new Receiver({
    isServer: rules.masked,
    skipUTF8Validation: true,
    maxPayload: rules.maxMessageBytes ?? 0,
    extensions: rules.deflate === true ? { 'permessage-deflate': { decompress: handThrough } } : {},
  });
  const messageBytes: number[] = [];
  let close: WsVerdict['close'] = null;
  let error: Error | null = null;
  receiver.on('message', (data: Buffer) => messageBytes.push(data.length));
  receiver.on('conclude', (code: number, reason: Buffer) => {
    close = { code, reason: reason.toString() };
  });
  receiver.on('error', () => undefined);
  for (const piece of pieces) {
    if (error !== null || receiver.writableEnded) break;
    error = await write(receiver, piece);
  }
  receiver.destroy();
  return {
    valid: error === null,
    code: closeCode(error),
    error: error?.message ?? null,
    messageBytes,
    close,
  };
}

function write(receiver: Writable, piece: Buffer): Promise<Error | null> {
  // A copy, since the receiver unmasks in place.
  return new Promise((resolve) => receiver.write(Buffer.from(piece), (error) => resolve(error ?? null)));
}

/** Later, as an inflater would: the receiver does not expect it at once. */
function handThrough(data: Buffer, _fin: boolean, done: (error: Error | null, data: Buffer) => void): void {
  queueMicrotask(() => done(null, data));
}

/** What `ws` does not check, or answers with another code. */
const NOT_CLAIMED: readonly ViolationKind[] = ['length-not-minimal', 'length-top-bit', 'close-reason-utf8'];

/**
 * Whether the reference parser and `ws` claim the same about a stream: not where `ws` does not check what is wrong,
 * and not where it judges what the parser wants complete first: a header, a close frame.
 */
export function isComparable(parsed: ParsedStream, verdict: WsVerdict): boolean {
  if (parsed.violation !== null) return !NOT_CLAIMED.includes(parsed.violation.kind);
  const early = parsed.cut && (parsed.cutHeader === null || parsed.cutHeader.opcode === OPCODE.close);
  return verdict.valid || !early;
}

function closeCode(error: Error | null): number | null {
  if (error === null) return null;
  for (const symbol of Object.getOwnPropertySymbols(error)) {
    if (symbol.description === 'status-code') return Number(Reflect.get(error, symbol));
  }
  return null;
}
