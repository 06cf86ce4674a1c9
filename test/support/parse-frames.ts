import { applyMask, OPCODE } from './build-frames.ts';
import {
  type FrameHeader,
  FrameRules,
  isControl,
  readHeader,
  type StreamRules,
  VIOLATIONS,
  type ViolationKind,
} from './frame-rules.ts';

export interface ParsedFrame extends FrameHeader {
  /** Where it begins and ends in the buffer. */
  readonly offset: number;
  readonly end: number;
  /** Unmasked. */
  readonly payload: Buffer;
}

export interface ParsedMessage {
  readonly opcode: number;
  readonly compressed: boolean;
  readonly payload: Buffer;
  readonly fragments: number;
}

export interface Violation {
  readonly kind: ViolationKind;
  /** The close code that answers it. */
  readonly code: number;
  /** Where the frame begins that is wrong. */
  readonly offset: number;
}

export interface ParsedStream {
  /** Complete and valid ones, up to the first violation or the close frame. */
  readonly frames: ParsedFrame[];
  readonly messages: ParsedMessage[];
  readonly violation: Violation | null;
  /** The close frame, if one was reached; what follows it is not looked at. */
  readonly close: { readonly code: number; readonly reason: string } | null;
  /** Where the first frame begins that is not complete; the buffer's length when none is cut. */
  readonly completeBytes: number;
  /** Whether the buffer ends within a frame, a header included. */
  readonly cut: boolean;
  /** The header of the frame that is cut, when at least that is complete (and valid). */
  readonly cutHeader: FrameHeader | null;
}

/**
 * Reads a whole direction of a WebSocket connection, straight from RFC 6455 §5: the oracle for everything that does
 * it faster. A header is judged once it is complete, a close frame's payload once that is.
 */
export function parseFrames(buffer: Buffer, streamRules: StreamRules): ParsedStream {
  const rules = new FrameRules(streamRules);
  const frames: ParsedFrame[] = [];
  let offset = 0;
  let violation: Violation | null = null;
  let close: ParsedStream['close'] = null;
  let cutHeader: FrameHeader | null = null;
  const blame = (kind: ViolationKind) => ({ kind, code: VIOLATIONS[kind], offset });

  while (offset < buffer.length) {
    const header = readHeader(buffer.subarray(offset));
    if (header === null) break;
    const wrong = rules.header(header);
    if (wrong !== null) {
      violation = blame(wrong);
      break;
    }
    const end = offset + header.headerBytes + Number(header.length);
    if (end > buffer.length) {
      cutHeader = header;
      break;
    }
    const payload = Buffer.from(buffer.subarray(offset + header.headerBytes, end));
    if (header.mask !== null) applyMask(payload, header.mask);
    const wrongClose = header.opcode === OPCODE.close ? rules.closePayload(payload) : null;
    if (wrongClose !== null) {
      violation = blame(wrongClose);
      break;
    }
    frames.push({ ...header, offset, end, payload });
    offset = end;
    if (header.opcode === OPCODE.close) {
      close = readClose(payload);
      break;
    }
  }

  const cut = violation === null && close === null && offset < buffer.length;
  return { frames, messages: joinMessages(frames), violation, close, completeBytes: offset, cut, cutHeader };
}

/** What a valid close frame says; 1005 when it says nothing (RFC 6455 §7.1.5). */
export function readClose(payload: Buffer): { code: number; reason: string } {
  if (payload.length < 2) return { code: 1005, reason: '' };
  return { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) };
}

function joinMessages(frames: readonly ParsedFrame[]): ParsedMessage[] {
  const messages: ParsedMessage[] = [];
  let fragments: ParsedFrame[] = [];
  for (const frame of frames) {
    if (isControl(frame.opcode)) continue;
    fragments.push(frame);
    const first = fragments[0];
    if (!frame.fin || first === undefined) continue;
    const payload = Buffer.concat(fragments.map((fragment) => fragment.payload));
    messages.push({ opcode: first.opcode, compressed: first.rsv1, payload, fragments: fragments.length });
    fragments = [];
  }
  return messages;
}
