/** Head of a request or an answer, as it stood on the wire. */
export interface HttpHead {
  /** `GET / HTTP/1.1` or `HTTP/1.1 101 Switching Protocols`. */
  readonly startLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The first value of a header, names compared without case. */
export function headerOf(head: HttpHead, name: string): string | undefined {
  return headersOf(head, name)[0];
}

export function headersOf(head: HttpHead, name: string): string[] {
  return head.headers.filter(([own]) => own.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** Reads a head, strictly: CRLF only, no folding, no space before the colon (RFC 9112 §2.2 and §5). */
export function parseHead(bytes: Buffer): HttpHead {
  const [startLine = '', ...lines] = bytes.toString('latin1').split('\r\n');
  const headers = lines
    .filter((line) => line !== '')
    .map((line) => {
      const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
      if (match === null) throw new Error(`not a header line: ${JSON.stringify(line)}`);
      return [match[1] ?? '', match[2] ?? ''] as const;
    });
  return { startLine, headers };
}

export function formatHead(head: HttpHead): string {
  const lines = head.headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `${head.startLine}\r\n${lines.join('')}\r\n`;
}
