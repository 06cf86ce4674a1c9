import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { buildFrame, closeFrame, OPCODE } from '../../../test/support/build-frames.ts';
import { certificates } from '../../../test/support/certificates/index.ts';
import { within } from '../../../test/support/deadline.ts';
import { answers, dialing, type Script, tlsProfile } from '../../../test/support/dialing.ts';
import { startEchoServer } from '../../../test/support/echo-server.ts';
import { placeOf } from '../../../test/support/pools.ts';
import type { RequestHead } from '../../../test/support/scripted-upstream.ts';
import { Withdrawal } from '../../base/withdrawal.ts';
import { createLookup } from '../lookup.ts';
import type { Place } from '../pool/member.ts';
import { createProbe, type ProbeType } from './probe.ts';

const { clock, dial, upstream } = dialing();

const parts = {
  dial,
  clock,
  lookup: createLookup(clock),
  headers: [['Authorization', 'Bearer of-the-gateway']] as const,
  timeoutMs: 5_000,
};

const probing = (type: ProbeType, place: Place, path: string | null = null, withdrawal = new Withdrawal()) =>
  within(createProbe(type, path, parts)(place, withdrawal), 'end of the probe');

const at = (made: { readonly port: number }, path = '/ws?room=1'): Place =>
  placeOf(`ws://127.0.0.1:${made.port}${path}`);

/** The address of a server that was there a moment ago. */
async function nobody(): Promise<Place> {
  const server = await startEchoServer();
  const place = placeOf(server.url());
  await server.close();
  return place;
}

const accepts = (then: (socket: Socket, head: RequestHead) => void = () => {}): Script => ({
  onRequest: (socket, head) => {
    socket.write(head.accept());
    then(socket, head);
  },
});

describe.each(['tcp', 'http', 'websocket'] as const)('a %s probe', (type) => {
  it('fails when nobody listens', async () => {
    await expect(probing(type, await nobody())).rejects.toThrow('ECONNREFUSED');
  });

  it('fails when the certificate is not valid', async () => {
    const made = await upstream({ ...answers('HTTP/1.1 200 OK\r\n\r\n'), tls: certificates.expired });
    const place = placeOf(`wss://localhost:${made.port}/`, { tls: tlsProfile() });
    await expect(probing(type, place)).rejects.toThrow(/certificate/);
  });

  it.skipIf(type === 'tcp')('ends with its connection when it is withdrawn', async () => {
    const withdrawal = new Withdrawal();
    const made = await upstream({ onRequest: () => withdrawal.withdraw() });
    await expect(probing(type, at(made), null, withdrawal)).rejects.toThrow();
  });

  it.skipIf(type === 'tcp')('fails when the connection ends before the answer', async () => {
    const made = await upstream({ onRequest: (socket) => void socket.end() });
    await expect(probing(type, at(made))).rejects.toThrow(/ended|closed/);
  });
});

describe('a tcp probe', () => {
  it('is content with a connection', async () => {
    const made = await upstream({});
    await probing('tcp', at(made));
    expect(made.connections).toHaveLength(1);
  });

  it('is content with TLS from a server that the CA trusts', async () => {
    const made = await upstream({ tls: certificates.server });
    await probing('tcp', placeOf(`wss://localhost:${made.port}/`, { tls: tlsProfile() }));
  });
});

describe('an http probe', () => {
  it.each([
    [200, 'healthy'],
    [204, 'healthy'],
    [301, 'unhealthy'],
    [404, 'unhealthy'],
    [503, 'unhealthy'],
  ])('takes an answer of %i for %s', async (status, verdict) => {
    const made = await upstream(answers(`HTTP/1.1 ${status} Status\r\nContent-Length: 0\r\n\r\n`));
    const probe = probing('http', at(made), '/healthz');
    if (verdict === 'healthy') await probe;
    else await expect(probe).rejects.toThrow(`answered ${status}`);
  });

  it('asks for its path, / by default, as the endpoint and with the headers of the gateway', async () => {
    const heads: RequestHead[] = [];
    const made = await upstream({
      onRequest: (socket, head) => {
        heads.push(head);
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
      },
    });
    await probing('http', at(made), '/healthz?deep=1');
    await probing('http', at(made));
    expect(heads.map(({ target }) => target)).toEqual(['/healthz?deep=1', '/']);
    expect(heads[0]?.lines).toEqual([
      'GET /healthz?deep=1 HTTP/1.1',
      `Host: 127.0.0.1:${made.port}`,
      'Connection: close',
      'Authorization: Bearer of-the-gateway',
    ]);
  });

  it('fails when the answer is not HTTP', async () => {
    const made = await upstream(answers('hello\r\n\r\n'));
    await expect(probing('http', at(made))).rejects.toThrow('status line');
  });
});

describe('a websocket probe', () => {
  it('performs a handshake and a ping, and closes with 1000', async () => {
    const server = await startEchoServer();
    await probing('websocket', placeOf(server.url('/ws?room=1')));
    server.assertClean();
    expect(server.counts.pings).toBe(1);
    expect(server.closes).toEqual([{ code: 1000, reason: 'health check' }]);
    expect(server.requests[0]?.startLine).toBe('GET /ws?room=1 HTTP/1.1');
    await server.close();
  });

  it('asks for its own path', async () => {
    const server = await startEchoServer();
    await probing('websocket', placeOf(server.url('/rooms/:id')), '/health');
    expect(server.requests[0]?.startLine).toBe('GET /health HTTP/1.1');
    expect(server.requests[0]?.headers).toContainEqual(['Authorization', 'Bearer of-the-gateway']);
    await server.close();
  });

  it.each([
    [101, 'the 101 is invalid'],
    [401, 'answered 401'],
    [503, 'answered 503'],
  ])('fails when the answer is %i and no valid handshake', async (status, reason) => {
    const made = await upstream(answers(`HTTP/1.1 ${status} Status\r\nContent-Length: 0\r\n\r\n`));
    await expect(probing('websocket', at(made))).rejects.toThrow(reason);
  });

  it('passes over what comes before the pong, and answers a ping', async () => {
    let received = Buffer.alloc(0);
    const made = await upstream(
      accepts((socket) => {
        socket.write(buildFrame({ opcode: OPCODE.text, payload: 'welcome' }));
        socket.write(buildFrame({ opcode: OPCODE.ping, payload: 'are you there' }));
        socket.write(buildFrame({ opcode: OPCODE.pong, payload: 'not yours' }));
        socket.on('data', (bytes) => {
          received = Buffer.concat([received, bytes]);
          const token = pingOf(received);
          if (token === null) return;
          socket.write(buildFrame({ opcode: OPCODE.pong, payload: token }));
          socket.end(buildFrame(closeFrame(1000)));
        });
      }),
    );
    await probing('websocket', at(made));
    // A ping of four bytes, a pong of thirteen, a close with `health check`: all masked.
    expect(received.length).toBeGreaterThanOrEqual(6 + 4 + 6 + 13);
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ['closes instead', (socket) => void socket.write(buildFrame(closeFrame(1013))), 'closed before its pong'],
    ['ends instead', (socket) => void socket.end(), 'ended the connection'],
    ['sends an invalid frame', (socket) => void socket.write(Buffer.of(0xff, 0)), 'invalid frame'],
  ])('fails when the upstream %s', async (_, then, reason) => {
    const made = await upstream(accepts(then));
    await expect(probing('websocket', at(made))).rejects.toThrow(reason);
  });

  it('is content with an upstream that answers the ping and never the close', async () => {
    const withdrawal = new Withdrawal();
    const made = await upstream(
      accepts((socket) => {
        socket.on('data', (bytes) => {
          const token = pingOf(bytes);
          if (token === null) withdrawal.withdraw();
          else socket.write(buildFrame({ opcode: OPCODE.pong, payload: token }));
        });
      }),
    );
    await probing('websocket', at(made), null, withdrawal);
  });
});

/** The payload of the masked ping of four bytes that `bytes` start with. */
function pingOf(bytes: Buffer): Buffer | null {
  if (bytes[0] !== 0x89 || bytes.length < 10) return null;
  const mask = bytes.subarray(2, 6);
  return Buffer.from(bytes.subarray(6, 10).map((byte, i) => byte ^ (mask[i] as number)));
}
