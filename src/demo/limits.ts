/** What the demo's chat room allows. Generous for people, firm with floods. */
export const LIMITS = {
  maxPeople: 100,
  /** Characters of a name. */
  maxNameLength: 24,
  /** Characters of a chat message. */
  maxTextLength: 500,
  /** Bytes of one WebSocket message, text or binary; more is close code 1009. */
  maxMessageBytes: 1024 * 1024,
  /** Messages a second, for as long as one likes. */
  messagesPerSecond: 5,
  /** Messages at once, after a pause. */
  messageBurst: 12,
  /** Messages over the limit before the connection is closed with 1008. */
  maxRefusals: 50,
  /** What a slow reader may have waiting before it is let go. */
  maxQueuedBytes: 4 * 1024 * 1024,
  /** Messages that a newcomer is shown. */
  historyLength: 20,
  /** Milliseconds for a peer to answer our close frame when the demo stops. */
  closeTimeoutMs: 1_000,
} as const;
