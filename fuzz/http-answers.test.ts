import { describe, expect, it } from 'vitest';
import { afterHead, readAnswers } from './http-answers.ts';

const read = (text: string, perhapsHead = false) => readAnswers(Buffer.from(text, 'latin1'), perhapsHead);

describe('readAnswers', () => {
  it('reads answers one after the other, whatever says how long they are', () => {
    const { answers, fault, cut } = read(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi' +
        'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    );
    expect([fault, cut]).toEqual([null, false]);
    expect(answers.map(({ status, whole }) => [status, whole])).toEqual([
      [200, true],
      [404, true],
      [204, true],
    ]);
  });

  it('gives what follows a 101', () => {
    expect(read('HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\nframes').frames?.toString()).toBe('frames');
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi, more', 'no status line'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n', 'both'],
    ['HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n', 'no status line'],
    ['HTTP/1.1 200 OK\r\n folded\r\n\r\n', 'not a header line'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n', 'not as long'],
  ])('finds fault with %j', (text, fault) => {
    expect(read(text).fault).toContain(fault);
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nContent-Le', true, undefined],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi', false, false],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi', false, false],
  ])('tells that %j is cut', (text, cut, whole) => {
    const read1 = read(text);
    expect([read1.fault, read1.cut, read1.answers[0]?.whole]).toEqual([null, cut, whole]);
  });
});

it('finds the end of a head behind interim answers', () => {
  const heads = 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n';
  expect(afterHead(Buffer.from(`${heads}frames`))).toBe(heads.length);
  expect(afterHead(Buffer.from('GET / HTTP/1.1\r\nHost'))).toBe(null);
});
