/** Frame opcodes (RFC 6455 §5.2). Those from 8 on are control frames. */
export const OPCODES = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** Payload of a control frame, at most (RFC 6455 §5.5). */
export const MAX_CONTROL_PAYLOAD_BYTES = 125;
