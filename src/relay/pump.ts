import { closeCodeOf } from '../websocket/frame.ts';
import { OPCODES } from '../websocket/opcodes.ts';
import { STEPS, type Step } from '../websocket/scanner.ts';
import type { Violation } from '../websocket/violations.ts';
import type { End } from './end.ts';

/** What a pump cannot decide by itself. Payloads and frames are valid during the call only. */
export interface PumpOwner {
  /** Whether the end may send one more control frame or empty fragment. */
  mayStillSend(source: End): boolean;
  /** @returns whether the pong answers a ping of ours and is taken out. */
  sawPong(source: End, payload: Uint8Array): boolean;
  sawPing(source: End, payload: Uint8Array): void;
  /** The end closed. The frame is not forwarded unless the owner does it. */
  sawClose(source: End, frame: Uint8Array, code: number | null): void;
  /** The end broke the protocol. */
  sawViolation(source: End, violation: Violation): void;
  /** The end sent too many control frames. */
  sawFlood(source: End): void;
}

/**
 * Carries one chunk from an end to the other: what needs nothing put in or taken out is written as Node delivered it;
 * otherwise the chunk is cut into views, written under one cork. `from` is always the first byte that is good and not
 * yet written, `at` the first that is not yet scanned.
 */
export function pump(source: End, chunk: Uint8Array, owner: PumpOwner, now: number): void {
  const { scanner, other: target } = source;
  let from = 0;
  let at = 0;
  if (target.hasInsertions) cork(target);
  while (at < chunk.length && source.listening) {
    if (target.hasInsertions && scanner.betweenFrames) {
      pass(target, chunk, from, at);
      from = at;
      target.insertWhatMay();
    }
    const step = scanner.advance(chunk, at, target.hasInsertions);
    const { end } = scanner;
    if (step <= STEPS.emptyFragment) source.lastDataAt = now;
    if (step !== STEPS.data && !isForwarded(source, step, owner, chunk, from, at)) {
      if (source.listening) pass(target, chunk, from, at);
      from = end;
    } else if (scanner.frame !== null) {
      cork(target);
      target.write(scanner.frame);
      from = end;
    }
    at = end;
  }
  if (source.listening) {
    pass(target, chunk, from, at);
    target.insertWhatMay();
  }
  if (target.stream.writableCorked > 0) target.stream.uncork();
}

/** Decides on a step that is not plain data. Before the owner hears of an end, all good bytes are written. */
function isForwarded(
  source: End,
  step: Step,
  owner: PumpOwner,
  chunk: Uint8Array,
  from: number,
  at: number,
): boolean {
  if (step === STEPS.header) return true;
  if (step === STEPS.held) return false;
  const { control, opcode, violation, frame, end } = source.scanner;
  if (step === STEPS.violation && violation !== null) {
    finish(source, chunk, from, at);
    owner.sawViolation(source, violation);
    return false;
  }
  if (step === STEPS.control && opcode === OPCODES.close) {
    // Read first: `control` is valid until the next step of any scanner, and writing may lead to one.
    const code = closeCodeOf(control);
    finish(source, chunk, from, at);
    owner.sawClose(source, frame ?? chunk.subarray(at, end), code);
    return false;
  }
  if (step === STEPS.control && opcode === OPCODES.pong && owner.sawPong(source, control)) return false;
  if (!owner.mayStillSend(source)) {
    finish(source, chunk, from, at);
    owner.sawFlood(source);
    return false;
  }
  if (step === STEPS.control && opcode === OPCODES.ping) owner.sawPing(source, control);
  return true;
}

/** Nothing more is looked at: what was good so far goes out. */
function finish(source: End, chunk: Uint8Array, from: number, at: number): void {
  pass(source.other, chunk, from, at);
  source.listening = false;
}

function pass(target: End, chunk: Uint8Array, from: number, to: number): void {
  if (from === to || !target.writing) return;
  if (from === 0 && to === chunk.length) {
    target.write(chunk);
    return;
  }
  cork(target);
  target.write(chunk.subarray(from, to));
}

/** Until the chunk is done: what it is cut into leaves in one write. */
function cork(target: End): void {
  if (target.stream.writableCorked === 0) target.stream.cork();
}
