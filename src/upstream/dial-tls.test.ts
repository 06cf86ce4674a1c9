import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { certificates } from '../../test/support/certificates/index.ts';
import { accepted, codeOf, dialing, type Script, tlsProfile } from '../../test/support/dialing.ts';
import type { ScriptedUpstream } from '../../test/support/scripted-upstream.ts';
import type { TlsProfile } from './open-socket.ts';

const { dial, request, upstream } = dialing();

describe('a wss:// upstream', () => {
  const accepting = (tls: Script['tls'], seen: (socket: Socket) => void = () => {}): Script => ({
    tls: { ALPNProtocols: ['h2', 'http/1.1'], ...tls },
    onRequest: (socket, head) => {
      seen(socket);
      socket.write(head.accept());
    },
  });

  const secure = (made: ScriptedUpstream, tls: TlsProfile, host = '127.0.0.1') =>
    dial(request(`wss://${host}:${made.port}/`, { tls, host: 'client-chosen.test' }));

  it('is taken by its address without a server name, and speaks http/1.1', async () => {
    let seen: unknown;
    const made = await upstream(
      accepting(certificates.server, (socket) => {
        const { servername, alpnProtocol } = socket as unknown as {
          servername: unknown;
          alpnProtocol: unknown;
        };
        seen = { servername, alpnProtocol };
      }),
    );
    const { stream } = await accepted(secure(made, tlsProfile()));
    expect(seen).toEqual({ servername: false, alpnProtocol: 'http/1.1' });
    stream.destroy();
  });

  it.each([
    ['localhost', certificates.server, null, 'localhost'],
    ['localhost', certificates.named, 'upstream.example.test', 'upstream.example.test'],
    ['127.0.0.1', certificates.named, 'upstream.example.test', 'upstream.example.test'],
  ])(
    'at %s is asked for by its own name or the one in tls.servername, never by Host',
    async (host, pair, servername, asked) => {
      let seen: unknown;
      const made = await upstream(
        accepting(pair, (socket) => {
          seen = (socket as unknown as { servername: unknown }).servername;
        }),
      );
      (await accepted(secure(made, tlsProfile({ servername }), host))).stream.destroy();
      expect(seen).toBe(asked);
    },
  );

  it.each([
    ['whose certificate another CA issued', certificates.server, certificates.stranger],
    ['whose certificate has expired', certificates.expired, certificates.ca],
    ['whose certificate names somebody else', certificates.named, certificates.ca],
  ])('%s is refused, unless rejectUnauthorized is off', async (_, pair, ca) => {
    const made = await upstream(accepting(pair));
    expect(await codeOf(secure(made, tlsProfile({}, { ca })))).toBe('WSFW_UPSTREAM_TLS');
    (await accepted(secure(made, tlsProfile({ rejectUnauthorized: false }, { ca })))).stream.destroy();
  });

  it('that asks for a client certificate gets it, and is a TLS failure without', async () => {
    const made = await upstream(
      accepting({ ...certificates.server, ca: certificates.ca, requestCert: true, rejectUnauthorized: true }),
    );
    expect(await codeOf(secure(made, tlsProfile()))).toBe('WSFW_UPSTREAM_TLS');
    const { cert, key } = certificates.client;
    (await accepted(secure(made, tlsProfile({}, { cert, key })))).stream.destroy();
  });

  it('that speaks no TLS, or ends within its handshake, is a TLS failure', async () => {
    const plain = await upstream({ onConnection: (socket) => void socket.write('HTTP/1.1 400 Bad\r\n\r\n') });
    expect(await codeOf(secure(plain, tlsProfile()))).toBe('WSFW_UPSTREAM_TLS');
    const ends = await upstream({ onConnection: (socket) => void socket.end() });
    expect(await codeOf(secure(ends, tlsProfile()))).toBe('WSFW_UPSTREAM_TLS');
  });

  it('keeps bytes that came in the same record as its 101', async () => {
    const made = await upstream({
      tls: certificates.server,
      onRequest: (socket, head) => {
        socket.end(`${head.accept()}first frame`);
      },
    });
    const { leg, stream } = await accepted(secure(made, tlsProfile()));
    expect(Buffer.from(leg.head).toString()).toBe('first frame');
    const ended = once(stream, 'end');
    stream.resume();
    await ended;
    stream.destroy();
  });
});
