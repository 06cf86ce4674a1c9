/** Close codes that the gateway uses or reports (RFC 6455 §7.4.1 and the registry it set up). */
export const CLOSE_CODES = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  /** Stands for a close frame without a code. Never on the wire. */
  noCode: 1005,
  /** Stands for a connection that ended without a close frame. Never on the wire. */
  abnormal: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  internalError: 1011,
  serviceRestart: 1012,
} as const;

/** A close reason, at most: a control frame's payload less the code (RFC 6455 §5.5). */
export const MAX_REASON_BYTES = 123;

/** Whether a close frame may carry the code (RFC 6455 §7.4). */
export function mayBeSent(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
