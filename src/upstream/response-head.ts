import { WsfwError } from '../base/errors.ts';
import { type Header, HeaderList } from '../base/header-list.ts';
import { trimBlanks } from '../websocket/tokens.ts';

/** The first line and the headers of an upstream's answer, `101` or final. */
export interface ResponseHead {
  /** `HTTP/1.<minor>` */
  readonly minor: 0 | 1;
  readonly status: number;
  readonly headers: HeaderList;
}

/** All heads of an answer together, those of skipped 1xx answers included. */
export const MAX_HEAD_BYTES = 16_384;

const LF = 0x0a;
// RFC 9112 §4. The space before an empty reason is left out by some servers.
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
// RFC 9112 §5: no white space before the colon; a line that starts with white space has no name (obs-fold, §5.2).
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/;

const NOTHING = Buffer.alloc(0);

const invalid = (detail: string): WsfwError => new WsfwError('WSFW_UPSTREAM_INVALID', detail);

/**
 * Reads the head of an upstream's HTTP/1.1 answer (RFC 9112), strictly and as it arrives: what it makes of the bytes
 * does not depend on how they were cut. Interim answers (1xx but 101) are skipped (RFC 9110 §15.2).
 */
export class ResponseHeadParser {
  /** Of a line that is not complete yet. */
  #partial: Buffer = NOTHING;
  /** In complete lines. */
  #consumedBytes = 0;
  #minor: 0 | 1 = 1;
  /** `0` until the status line was read. */
  #status = 0;
  #headers: Header[] = [];

  /**
   * Takes the next bytes.
   * @returns the head and the bytes after it once it is complete, else `null`. Not to be called again then.
   * @throws WsfwError `WSFW_UPSTREAM_INVALID`
   */
  push(chunk: Buffer): { readonly head: ResponseHead; readonly rest: Buffer } | null {
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(LF, this.#partial.length); end !== -1; end = bytes.indexOf(LF, start)) {
      this.#consume(end + 1 - start);
      const head = this.#takeLine(bytes.toString('latin1', start, end));
      start = end + 1;
      if (head !== null) return { head, rest: start === bytes.length ? NOTHING : bytes.subarray(start) };
    }
    this.#partial = start === bytes.length ? NOTHING : Buffer.from(bytes.subarray(start));
    if (this.#consumedBytes + this.#partial.length > MAX_HEAD_BYTES) throw tooLong();
    return null;
  }

  /** Whether any byte of an answer has come. */
  get begun(): boolean {
    return this.#consumedBytes + this.#partial.length > 0;
  }

  #consume(bytes: number): void {
    this.#consumedBytes += bytes;
    if (this.#consumedBytes > MAX_HEAD_BYTES) throw tooLong();
  }

  #takeLine(ended: string): ResponseHead | null {
    if (!ended.endsWith('\r')) throw invalid('a line of the answer ends without CR');
    const line = ended.slice(0, -1);
    if (this.#status === 0) this.#takeStatusLine(line);
    else if (line === '') return this.#finish();
    else this.#takeField(line);
    return null;
  }

  #takeStatusLine(line: string): void {
    const parts = STATUS_LINE.exec(line);
    if (parts === null) throw invalid('the answer does not start with a valid status line');
    this.#minor = parts[1] === '0' ? 0 : 1;
    this.#status = Number(parts[2]);
  }

  #takeField(line: string): void {
    const parts = FIELD_LINE.exec(line);
    if (parts === null) throw invalid('a header of the answer is malformed');
    this.#headers.push([parts[1] ?? '', trimBlanks(parts[2] ?? '')]);
  }

  #finish(): ResponseHead | null {
    const head = { minor: this.#minor, status: this.#status, headers: new HeaderList(this.#headers) };
    this.#status = 0;
    this.#headers = [];
    return head.status < 200 && head.status !== 101 ? null : head;
  }
}

const tooLong = (): WsfwError => invalid(`the head of the answer is over ${MAX_HEAD_BYTES} bytes`);
