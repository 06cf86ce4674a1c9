/** Somebody in the room. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

/** A chat message as it is kept and sent. */
export interface Said {
  readonly id: string;
  readonly from: Person;
  readonly text: string;
  /** Milliseconds since it was said: ages need no clock that both ends agree on. */
  readonly agoMs: number;
}

/** What the room tells a member, as JSON text messages. */
export type RoomMessage =
  | {
      readonly type: 'welcome';
      readonly you: Person;
      readonly people: readonly Person[];
      readonly history: readonly Said[];
      readonly limits: { readonly nameLength: number; readonly textLength: number };
    }
  /** `ref` is for whoever said it: the one it came with, so that a round trip can be timed. */
  | ({ readonly type: 'said'; readonly ref?: string } & Said)
  | { readonly type: 'joined'; readonly person: Person }
  | { readonly type: 'left'; readonly person: Person }
  | { readonly type: 'renamed'; readonly person: Person; readonly before: string }
  | { readonly type: 'refused'; readonly why: string; readonly ref?: string };

/** What a member asks of the room. */
export type Request =
  | { readonly type: 'say'; readonly text: string; readonly ref?: string }
  | { readonly type: 'rename'; readonly name: string };

const MAX_REF_LENGTH = 64;

/**
 * Reads a member's text message. What is not one of our JSON requests is taken as something to say, so that any
 * WebSocket client can join the conversation by hand.
 */
export function parseRequest(raw: string): Request {
  const value = parseObject(raw);
  if (value?.type === 'say' && typeof value.text === 'string') {
    const ref = typeof value.ref === 'string' && value.ref.length <= MAX_REF_LENGTH ? { ref: value.ref } : {};
    return { type: 'say', text: value.text, ...ref };
  }
  if (value?.type === 'rename' && typeof value.name === 'string') return { type: 'rename', name: value.name };
  return { type: 'say', text: raw };
}

function parseObject(raw: string): Readonly<Record<string, unknown>> | null {
  if (!raw.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
