import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cuttings } from '../support/frames.ts';
import { forwardingConfig } from '../support/gateway.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import { settled } from '../support/resources.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();

const PIECES = [
  ...handshakeRequest({ key: 'dGhlIHNhbXBsZSBub25jZQ==' }).split(/(?<=\r\n|: | )/),
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Expect: 100-continue\r\n',
  'Connection: Host\r\n',
  'Upgrade: h2c\r\n',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  'POST / HTTP/1.1\r\n',
  'GET http://other.test/ HTTP/1.1\r\n',
  'GET /%00%2e%2e/ HTTP/1.1\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\r\n\r\n',
  '\0',
  'x'.repeat(20_000),
  '5\r\nhello\r\n0\r\n\r\n',
];

/** Handshakes with pieces lost, repeated, swapped and put in; then any bytes. */
const requests = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('drop', 'repeat', 'insert'), fc.nat(PIECES.length - 1)), {
      maxLength: 4,
    }),
    fc.uint8Array({ maxLength: 20 }),
  )
  .map(([edits, tail]) => {
    const pieces = handshakeRequest({ path: '/', key: 'dGhlIHNhbXBsZSBub25jZQ==' }).split(/(?<=\r\n|: | )/);
    for (const [pick, edit, piece] of edits) {
      const at = pick % Math.max(1, pieces.length);
      if (edit === 'drop') pieces.splice(at, 1);
      else pieces.splice(at, 0, (edit === 'repeat' ? pieces[at] : PIECES[piece]) ?? '');
    }
    return Buffer.concat([Buffer.from(pieces.join(''), 'latin1'), tail]);
  });

it('answers or closes whatever a client says, and serves the next one', { timeout: 60_000 }, async () => {
  const upstream = await bed.upstream();
  const gateway = await bed.gateway(forwardingConfig(upstream.url()));
  const property = fc.asyncProperty(
    requests.chain((bytes) => fc.tuple(cuttings(bytes), fc.constantFrom('end', 'reset'))),
    async ([pieces, leave]) => {
      const client = await bed.connect({ port: gateway.port });
      for (const piece of [...pieces.slice(0, 30), Buffer.concat(pieces.slice(30))]) {
        if (client.socket.writable) client.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (leave === 'reset') client.reset();
      else client.end();
      await client.tcpEnd();
      const said =
        client.ended === 'fin' && leave === 'end' ? (await client.readToEnd()).toString('latin1') : '';
      client.destroy();
      if (said !== '') expect(said).toMatch(/^HTTP\/1\.1 \d{3} /);
    },
  );
  await fc.assert(property, { numRuns: 300 });
  for (const connection of upstream.connections) connection.destroy();
  await settled(() => (gateway.stats().pendingHandshakes === 0 ? null : 'handshakes are still under way'));
  const client = await bed.open({ port: gateway.port });
  client.sendText('next, please');
  expect((await upstream.connections.at(-1)?.nextMessage())?.payload.toString()).toBe('next, please');
});
