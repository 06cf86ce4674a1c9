/** An answer as a strict client reads it (RFC 9112). */
export interface ReadAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether its body came whole, as far as its framing tells. */
  readonly whole: boolean;
}

export interface ReadAnswers {
  /** Those with a complete head, interim ones left out. */
  readonly answers: readonly ReadAnswer[];
  /** What is wrong with the bytes; `null` when nothing is. */
  readonly fault: string | null;
  /** Whether they end within a head. */
  readonly cut: boolean;
  /** What follows a 101; `null` without one. */
  readonly frames: Buffer | null;
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;
const END = '\r\n\r\n';

/** Where the bytes go on after the head of a request or a final answer: interim answers before it are passed over. */
export function afterHead(bytes: Buffer): number | null {
  for (let start = 0; ; ) {
    const end = bytes.indexOf(END, start);
    if (end < 0) return null;
    const isInterim = /^HTTP\/1\.[01] 1(?!01)/.test(bytes.toString('latin1', start, start + 16));
    start = end + END.length;
    if (!isInterim) return start;
  }
}

/** The values of a header. */
export function valuesOf(headers: ReadAnswer['headers'], name: string): string[] {
  return headers.filter(([own]) => own.toLowerCase() === name).map(([, value]) => value);
}

/** Reads a head without its last empty line; what is wrong with it, as a string. */
export function readFields(text: string): ReadAnswer['headers'] | string {
  const fields: [string, string][] = [];
  for (const line of text === '' ? [] : text.split('\r\n')) {
    const parts = FIELD_LINE.exec(line);
    if (parts === null) return `not a header line: ${JSON.stringify(line.slice(0, 80))}`;
    fields.push([parts[1] ?? '', parts[2] ?? '']);
  }
  return fields;
}

/**
 * Reads all that a server said on one connection.
 * @param perhapsHead whether one of the requests may have been a HEAD, whose answer has no body.
 */
export function readAnswers(bytes: Buffer, perhapsHead: boolean): ReadAnswers {
  const answers: ReadAnswer[] = [];
  const result = (fault: string | null, cut = false, frames: Buffer | null = null) => ({
    answers,
    fault,
    cut,
    frames,
  });
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(END, at);
    if (end < 0) {
      const begin = bytes.toString('latin1', at, at + 9);
      return 'HTTP/1.1 '.startsWith(begin) || begin === 'HTTP/1.1 '
        ? result(null, true)
        : result(`no status line: ${JSON.stringify(bytes.toString('latin1', at, at + 60))}`);
    }
    const head = bytes.toString('latin1', at, end);
    const [statusLine = '', ...lines] = head.split('\r\n');
    const status = Number(STATUS_LINE.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) return result(`no status line: ${JSON.stringify(statusLine.slice(0, 80))}`);
    const headers = readFields(lines.join('\r\n'));
    if (typeof headers === 'string') return result(headers);
    at = end + END.length;
    if (status === 101) {
      answers.push({ status, headers, whole: true });
      return result(null, false, bytes.subarray(at));
    }
    if (status < 200) continue;
    const body = readBody(bytes, at, { status, headers }, perhapsHead);
    if (typeof body === 'string') return result(body);
    answers.push({ status, headers, whole: body.whole });
    at = body.end;
  }
  return result(null);
}

type Head = Pick<ReadAnswer, 'status' | 'headers'>;

function readBody(
  bytes: Buffer,
  at: number,
  { status, headers }: Head,
  perhapsHead: boolean,
): { end: number; whole: boolean } | string {
  const next = bytes.toString('latin1', at, at + 9);
  if (status === 204 || status === 304) return { end: at, whole: true };
  if (perhapsHead && (next === '' || next === 'HTTP/1.1 ')) return { end: at, whole: true };
  const codings = valuesOf(headers, 'transfer-encoding');
  const lengths = valuesOf(headers, 'content-length');
  if (codings.length > 0) {
    if (lengths.length > 0) return 'both Content-Length and Transfer-Encoding';
    return codings.join() === 'chunked' ? readChunks(bytes, at) : `Transfer-Encoding: ${codings.join()}`;
  }
  if (lengths.length === 0) return { end: bytes.length, whole: true };
  if (lengths.length > 1 || !/^\d+$/.test(lengths[0] ?? '')) return `Content-Length: ${lengths.join()}`;
  const end = at + Number(lengths[0]);
  return { end: Math.min(end, bytes.length), whole: end <= bytes.length };
}

function readChunks(bytes: Buffer, start: number): { end: number; whole: boolean } | string {
  for (let at = start; ; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return { end: bytes.length, whole: false };
    const line = bytes.toString('latin1', at, end);
    if (!/^[0-9a-f]+$/i.test(line)) return `not the size of a chunk: ${JSON.stringify(line.slice(0, 40))}`;
    const size = Number.parseInt(line, 16);
    at = end + 2 + size + 2;
    if (at > bytes.length) return { end: bytes.length, whole: false };
    if (bytes.toString('latin1', at - 2, at) !== '\r\n') return 'a chunk that is not as long as it says';
    if (size === 0) return { end: at, whole: true };
  }
}
