import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Header, HeaderList } from '../base/header-list.ts';
import { decoderFor } from './body-decoder.ts';

const decoder = (headers: Header[], status = 200, minor: 0 | 1 = 1) =>
  decoderFor({ minor, status, headers: new HeaderList(headers) });

const CHUNKED: Header[] = [['Transfer-Encoding', 'chunked']];

/** What comes out of `text` when it is cut at `cuts`. */
function decode(headers: Header[], text: string, cuts: readonly number[] = []) {
  const bytes = Buffer.from(text, 'latin1');
  const edges = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const under = decoder(headers);
  let content = '';
  let start = 0;
  try {
    for (const edge of edges) {
      under.decode(bytes.subarray(start, edge), (piece) => {
        content += piece.toString('latin1');
      });
      start = edge;
    }
  } catch (error) {
    return { content, error: (error as Error).message };
  }
  return { content, done: under.done };
}

describe('decoderFor', () => {
  it('takes Content-Length bytes and no more', () => {
    expect(decode([['Content-Length', '3']], 'abcdef')).toEqual({ content: 'abc', done: true });
    expect(decode([['Content-Length', '7']], 'abcdef')).toEqual({ content: 'abcdef', done: false });
  });

  it('takes a length that is repeated and refuses one that is contradicted', () => {
    expect(
      decode(
        [
          ['Content-Length', '3, 3'],
          ['Content-Length', '3'],
        ],
        'abc',
      ).done,
    ).toBe(true);
    expect(() =>
      decoder([
        ['Content-Length', '3'],
        ['Content-Length', '4'],
      ]),
    ).toThrow(/Content-Length/);
  });

  it.each(['-1', '+3', '0x3', '', '3 3', '1e3', '9'.repeat(16)])('refuses Content-Length %j', (length) => {
    expect(() => decoder([['Content-Length', length]])).toThrow(/Content-Length/);
  });

  it('refuses a length beside a transfer coding, other codings, and codings of HTTP/1.0', () => {
    expect(() => decoder([...CHUNKED, ['Content-Length', '3']])).toThrow(/both/);
    expect(() => decoder([['Transfer-Encoding', 'gzip, chunked']])).toThrow(/other than chunked/);
    expect(() => decoder([...CHUNKED, ...CHUNKED])).toThrow(/other than chunked/);
    expect(() => decoder(CHUNKED, 200, 0)).toThrow(/other than chunked/);
  });

  it('gives 204 and 304 no body', () => {
    expect(decoder([['Content-Length', '3']], 304).done).toBe(true);
    expect(decoder([], 204).done).toBe(true);
  });

  it('reads until the connection ends when there is neither', () => {
    expect(decoder([]).endsWithConnection).toBe(true);
    expect(decode([], 'abc')).toEqual({ content: 'abc', done: false });
  });

  it('takes chunks apart and drops extensions, trailers and what follows', () => {
    const text = '3;a=b\r\nabc\r\nA \r\n0123456789\r\n000\r\nTrailer: x\r\n\r\nmore';
    expect(decode(CHUNKED, text)).toEqual({ content: 'abc0123456789', done: true });
  });

  it.each([
    ['a size that is none', 'x\r\n'],
    ['an empty size', '\r\nabc'],
    ['a negative size', '-1\r\n'],
    ['a size with a prefix', '0x3\r\nabc\r\n'],
    ['a size too large to count', 'fffffffffffff\r\n'],
    ['a bare LF', '3\nabc\r\n'],
    ['a chunk longer than its size', '3\r\nabcd\r\n'],
    ['an endless extension', `3;${'x'.repeat(2_000)}\r\n`],
    ['endless trailers', `0\r\n${'A: b\r\n'.repeat(3_000)}\r\n`],
  ])('refuses %s', (_, text) => {
    expect(decode(CHUNKED, text)).toHaveProperty('error');
  });

  it('gives back what was chunked, however it is cut', () => {
    const pieces = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }), {
      maxLength: 10,
    });
    fc.assert(
      fc.property(pieces, fc.array(fc.nat({ max: 2_000 }), { maxLength: 20 }), (list, cuts) => {
        const text = `${list.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;
        expect(decode(CHUNKED, text, cuts)).toEqual({ content: list.join(''), done: true });
      }),
    );
  });

  it('makes the same of broken chunks however they are cut', () => {
    const piece = fc.constantFrom('3\r\nabc\r\n', '\r\n', '0\r\n', '\n', 'a', '1\r\n', ';', 'zz', '\r');
    const numbers = fc.array(fc.nat({ max: 100 }), { maxLength: 10 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), numbers, (pieces, cuts) => {
        const text = pieces.join('');
        expect(decode(CHUNKED, text, cuts)).toEqual(decode(CHUNKED, text));
      }),
    );
  });
});
