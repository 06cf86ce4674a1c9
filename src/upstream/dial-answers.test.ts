import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { answered, answers, at, dialing, finishes } from '../../test/support/dialing.ts';

const { clock, dial, request, upstream } = dialing();

const body = async (from: { body: Readable }): Promise<string> => readText(from.body);

describe('an upstream that answers otherwise', () => {
  it('passes on status, end-to-end headers and body', async () => {
    const made = await upstream(
      answers(
        'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n' +
          'Content-Length: 5\r\nWWW-Authenticate: Bearer\r\n\r\nhello',
      ),
    );
    const answer = await answered(dial(request(at(made))));
    expect(answer.status).toBe(401);
    expect([...answer.headers]).toEqual([
      ['WWW-Authenticate', 'Basic'],
      ['Content-Length', '5'],
      ['WWW-Authenticate', 'Bearer'],
    ]);
    expect(await body(answer)).toBe('hello');
  });

  it.each([
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'],
    ['until the connection ends', '\r\nhello'],
    ['with a length and more behind it', 'Content-Length: 5\r\n\r\nhello and more'],
  ])('reads a body %s', async (_, rest) => {
    const made = await upstream(finishes(`HTTP/1.1 503 Busy\r\n${rest}`));
    expect(await body(await answered(dial(request(at(made)))))).toBe('hello');
  });

  it('ends at once when there is no body', async () => {
    const made = await upstream(answers('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'));
    expect(await body(await answered(dial(request(at(made)))))).toBe('');
  });

  it.each([
    ['a length', 'Content-Length: 10\r\n\r\nhello'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ])('tells a body with %s that was cut short from a complete one', async (_, rest) => {
    const made = await upstream(finishes(`HTTP/1.1 500 Oh\r\n${rest}`));
    await expect(body(await answered(dial(request(at(made)))))).rejects.toMatchObject({
      code: 'WSFW_UPSTREAM_UNREACHABLE',
    });
  });

  it('fails a body that was reset, even one that lasts until the connection ends', async () => {
    const made = await upstream(answers('HTTP/1.1 500 Oh\r\n\r\nhello'));
    const answer = await answered(dial(request(at(made))));
    const whole = body(answer);
    made.connections[0]?.resetAndDestroy();
    await expect(whole).rejects.toMatchObject({ code: 'WSFW_UPSTREAM_UNREACHABLE' });
  });

  it('fails a body whose chunks are malformed', async () => {
    const made = await upstream(answers('HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n'));
    await expect(body(await answered(dial(request(at(made)))))).rejects.toMatchObject({
      code: 'WSFW_UPSTREAM_INVALID',
    });
  });

  it('fails a body that stands still', async () => {
    const made = await upstream(answers('HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\nhello'));
    const answer = await answered(dial(request(at(made))));
    const reader = answer.body[Symbol.asyncIterator]();
    await reader.next();
    clock.advance(10_000);
    await expect(reader.next()).rejects.toMatchObject({ code: 'WSFW_UPSTREAM_HANDSHAKE_TIMEOUT' });
  });

  it('reads a long body only as fast as it is taken', async () => {
    const size = 8_000_000;
    const made = await upstream({
      onRequest: (socket) => {
        socket.write(`HTTP/1.1 500 Oh\r\nContent-Length: ${size}\r\n\r\n`);
        socket.write(Buffer.alloc(size));
      },
    });
    const answer = await answered(dial(request(at(made))));
    let most = 0;
    let received = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      received += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, answer.body.readableLength);
    }
    expect(received).toBe(size);
    expect(most).toBeLessThanOrEqual(16_384 + 2 * 65_536);
  });

  it('lets go of the upstream when the body is not wanted', async () => {
    const made = await upstream(answers('HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\nhello'));
    (await answered(dial(request(at(made))))).body.destroy();
  });
});
