import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_HEAD_BYTES, ResponseHeadParser } from './response-head.ts';

type Outcome =
  | { minor: number; status: number; headers: [string, string][]; rest: string }
  | { error: string }
  | 'incomplete';

/** What the parser makes of `text` when it is cut at `cuts`. */
function parse(text: string, cuts: readonly number[] = []): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  const parser = new ResponseHeadParser();
  try {
    for (const [i, edge] of edges.slice(0, -1).entries()) {
      const answer = parser.push(Buffer.from(bytes.subarray(edge, edges[i + 1])));
      if (answer === null) continue;
      const { head, rest } = answer;
      const after = bytes.subarray(edges[i + 1]);
      const headers = [...head.headers].map(([name, value]): [string, string] => [name, value]);
      return {
        minor: head.minor,
        status: head.status,
        headers,
        rest: Buffer.concat([rest, after]).toString('latin1'),
      };
    }
  } catch (error) {
    return { error: (error as Error).message };
  }
  return 'incomplete';
}

const cuts = fc.array(fc.nat({ max: 40_000 }), { maxLength: 30 });

describe('ResponseHeadParser', () => {
  it('reads status, headers and the bytes after them', () => {
    expect(parse('HTTP/1.1 101 Switching Protocols\r\nA: 1\r\na:\t 2 \t\r\nEmpty:\r\n\r\n\x81\x00')).toEqual({
      minor: 1,
      status: 101,
      headers: [
        ['A', '1'],
        ['a', '2'],
        ['Empty', ''],
      ],
      rest: '\x81\x00',
    });
  });

  it('keeps bytes above ASCII, and takes only space and tab off a value', () => {
    expect(parse('HTTP/1.1 200 \xe4\r\nA: \xa0x\xa0 \r\n\r\n')).toMatchObject({
      headers: [['A', '\xa0x\xa0']],
    });
  });

  it('takes an empty reason, also without the space before it', () => {
    expect(parse('HTTP/1.1 404 \r\n\r\n')).toMatchObject({ status: 404 });
    expect(parse('HTTP/1.0 404\r\n\r\n')).toMatchObject({ status: 404, minor: 0 });
  });

  it('skips interim answers other than 101', () => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 401 No\r\nA: b\r\n\r\nbody';
    expect(parse(text)).toEqual({ minor: 1, status: 401, headers: [['A', 'b']], rest: 'body' });
  });

  it.each([
    ['a bare LF', 'HTTP/1.1 200 OK\nA: b\r\n\r\n'],
    ['a bare LF after a header', 'HTTP/1.1 200 OK\r\nA: b\n\r\n'],
    ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n'],
    ['white space before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['white space before the first header', 'HTTP/1.1 200 OK\r\n A: b\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nA\r\n\r\n'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: b\r\n\r\n'],
    ['NUL in a value', 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n'],
    ['DEL in a value', 'HTTP/1.1 200 OK\r\nA: \x7f\r\n\r\n'],
    ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status over 599', 'HTTP/1.1 600 OK\r\n\r\n'],
    ['a tab after the version', 'HTTP/1.1\t200 OK\r\n\r\n'],
    ['an empty first line', '\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ])('refuses %s', (_, text) => {
    expect(parse(text)).toHaveProperty('error');
  });

  it('refuses what is wrong as soon as the line is complete, not when the head is', () => {
    expect(() => new ResponseHeadParser().push(Buffer.from('hello\n'))).toThrow(/without CR/);
  });

  it('takes a head of 16 KiB and refuses one byte more', () => {
    const head = (bytes: number) => `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(bytes - 24)}\r\n\r\n`;
    expect(head(MAX_HEAD_BYTES)).toHaveLength(MAX_HEAD_BYTES);
    expect(parse(head(MAX_HEAD_BYTES))).toMatchObject({ status: 200 });
    expect(parse(head(MAX_HEAD_BYTES + 1))).toHaveProperty('error');
    expect(parse('x'.repeat(MAX_HEAD_BYTES + 1))).toHaveProperty('error');
    expect(parse('HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000))).toHaveProperty('error');
  });

  it('is quick with long runs of blanks', () => {
    expect(parse(`HTTP/1.1 200 OK\r\nA:${' '.repeat(16_000)}\x01\r\n\r\n`)).toHaveProperty('error');
    expect(parse(`HTTP/1.1 200 OK\r\nA:${' x'.repeat(8_000)}${' '.repeat(300)}\r\n\r\n`)).toHaveProperty(
      'status',
    );
  });

  it('makes the same of valid heads however they are cut', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9!#$-]{1,12}$/);
    const value = fc.stringMatching(/^(?:[!-~\xa1-\xff](?:[\t -~\xa1-\xff]{0,20}[!-~\xa1-\xff])?)?$/);
    const headers = fc.array(fc.tuple(name, value), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        headers,
        fc.string({ maxLength: 30 }),
        cuts,
        (status, list, rest, at) => {
          const tail = Buffer.from(rest).toString('latin1');
          const lines = list.map(([own, content]) => `${own}: ${content}\r\n`).join('');
          const text = `HTTP/1.1 100 \r\n\r\nHTTP/1.1 ${status} Any\r\n${lines}\r\n${tail}`;
          expect(parse(text, at)).toEqual({ minor: 1, status, headers: list, rest: tail });
        },
      ),
    );
  });

  it('makes the same of broken heads however they are cut', () => {
    const piece = fc.constantFrom(
      'HTTP/1.1 200 OK',
      'A: b',
      '\r\n',
      '\r\n',
      '\n',
      '\r',
      ' ',
      ':',
      '\0',
      'HTTP/1.1 100 ',
      'x'.repeat(6_000),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), cuts, (pieces, at) => {
        const text = `HTTP/1.1 200 OK\r\n${pieces.join('')}`;
        expect(parse(text, at)).toEqual(parse(text));
      }),
      { numRuns: 500 },
    );
  });
});
