import { Readable } from 'node:stream';
import type { Header } from '../base/header-list.ts';
import { isToken } from '../websocket/tokens.ts';
import type { Answer } from './exchange.ts';
import { isHopByHop } from './hop-by-hop.ts';

/** An answer with everything on it but its framing. */
export interface PreparedAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Uint8Array | Readable;
  /** Bytes of the body; `null` when only its end tells. */
  readonly length: number | null;
  /** Whether the connection ends with this answer. */
  readonly closes: boolean;
}

/** What goes onto answers besides what their makers say. */
export interface AnswerExtras {
  readonly requestId: string;
  /** `''` for none. */
  readonly serverHeader: string;
  readonly added: Iterable<Header>;
  readonly closes: boolean;
}

// RFC 9110 §5.5: visible characters, space and tab, and obsolete text.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^\d{1,15}$/;

/**
 * Puts an answer together: end-to-end headers, what the gateway adds, and `Connection`.
 * @throws `TypeError` for a status, a body or a header that cannot be sent.
 */
export function prepareAnswer(answer: Answer, extras: AnswerExtras): PreparedAnswer {
  const { status } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`${status} is not the status of an answer`);
  }
  const given = [...(answer.headers ?? [])];
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : (answer.body ?? new Uint8Array());
  if (!(body instanceof Readable || body instanceof Uint8Array))
    throw new TypeError('the body of an answer is a text, bytes or a Readable');
  const length = body instanceof Readable ? declaredLength(given) : body.byteLength;
  const closes = extras.closes || status === 426;
  const headers = withExtras(given, extras);
  headers.push(...connectionHeaders(status, closes));
  checkHeaders(headers);
  return { status, headers, body: hasNoBody(status) ? new Uint8Array() : body, length, closes };
}

/** Headers of a 101 or of an answer: end-to-end ones, less those that the gateway sets itself. */
export function withExtras(given: Iterable<Header>, extras: Omit<AnswerExtras, 'closes'>): Header[] {
  const { serverHeader, requestId, added } = extras;
  const isTheirs = ([name]: Header): boolean => {
    const lower = name.toLowerCase();
    const isOurs =
      lower === 'content-length' || lower === 'x-request-id' || (lower === 'server' && serverHeader !== '');
    return !isOurs && !isHopByHop(lower);
  };
  const headers = [...given, ...added].filter(isTheirs);
  if (serverHeader !== '') headers.push(['Server', serverHeader]);
  headers.push(['X-Request-Id', requestId]);
  return headers;
}

/** Whether `value` can stand in a head. */
export const isHeaderValue = (value: string): boolean => VALUE.test(value);

/** @throws `TypeError` for a name or value that would break the head. */
export function checkHeaders(headers: Iterable<Header>): void {
  for (const [name, value] of headers) {
    if (!isToken(name) || !VALUE.test(value))
      throw new TypeError(`the header ${JSON.stringify(name)} cannot be sent`);
  }
}

/** Whether an answer of this status never has a body (RFC 9112 §6.3). */
export const hasNoBody = (status: number): boolean => status === 204 || status === 304;

/** Flattens headers to what Node takes. */
export const flat = (headers: Iterable<Header>): string[] => [...headers].flat();

function declaredLength(headers: readonly Header[]): number | null {
  const lengths = headers
    .filter(([name]) => name.toLowerCase() === 'content-length')
    .map(([, value]) => value);
  const [length] = lengths;
  return length !== undefined && lengths.length === 1 && LENGTH.test(length) ? Number(length) : null;
}

function connectionHeaders(status: number, closes: boolean): Header[] {
  // RFC 9110 §15.5.22: a 426 names what to upgrade to.
  if (status === 426)
    return [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade, close'],
    ];
  return closes ? [['Connection', 'close']] : [];
}
