/** Four random bytes of the connection, and a counter: so a pong to one of our pings is told from the ends' own. */
const PAYLOAD_BYTES = 8;

/** The payload of our ping of that number. */
export function pingPayload(token: number, number: number): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_BYTES);
  const view = new DataView(payload.buffer);
  view.setInt32(0, token);
  view.setUint32(4, number);
  return payload;
}

/** The number of the ping that a pong's payload answers, or `null` when it is none with our token. */
export function pingNumber(token: number, payload: Uint8Array): number | null {
  if (payload.length !== PAYLOAD_BYTES) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, PAYLOAD_BYTES);
  return view.getInt32(0) === token ? view.getUint32(4) : null;
}
