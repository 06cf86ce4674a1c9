import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const { ca, caFile, server } = certificates;
const SERVER_TLS = { tls: true, certFile: server.certFile, keyFile: server.keyFile };
const TRUSTING = { ca, servername: 'localhost' };

describe('TLS that ends', () => {
  it('with a reset of the client is told to the upstream', async () => {
    const { gateway, upstream, client } = await open();
    client.reset();
    expect(await upstream.nextClose()).toEqual({ code: 1001, reason: 'client connection lost' });
    upstream.destroy();
    expect(await gateway.nextCause()).toBe('client-lost');
  });

  it('without close_notify from the client delivers what it sent, and is told to the upstream', async () => {
    const { gateway, upstream, client } = await open();
    client.send({ opcode: OPCODE.binary, payload: Buffer.alloc(200_000, 3) });
    await new Promise((resolve) => client.socket.write('', resolve));
    client.endTcp();
    expect((await upstream.nextMessage()).payload).toHaveLength(200_000);
    expect(await upstream.nextClose()).toEqual({ code: 1001, reason: 'client connection lost' });
    upstream.destroy();
    expect(await gateway.nextCause()).toBe('client-lost');
  });

  it('with a reset of the upstream is told to the client', async () => {
    const { gateway, upstream, client } = await open();
    upstream.reset();
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    client.sendClose(1011);
    await client.tcpEnd();
    client.end();
    expect(await gateway.nextCause()).toBe('upstream-lost');
  });

  it('without close_notify from the upstream is told to the client', async () => {
    const { gateway, upstream, client } = await open();
    upstream.sendText('last words');
    await new Promise((resolve) => upstream.socket.write('', resolve));
    upstream.endTcp();
    expect((await client.nextMessage()).payload.toString()).toBe('last words');
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    client.destroy();
    expect(await gateway.nextCause()).toBe('upstream-lost');
  });

  it('with close_notify from the upstream is told to the client', async () => {
    const { gateway, upstream, client } = await open();
    upstream.sendText('last words');
    upstream.end();
    expect((await client.nextMessage()).payload.toString()).toBe('last words');
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    client.sendClose(1011);
    await client.tcpEnd();
    client.end();
    expect(await gateway.nextCause()).toBe('upstream-lost');
  });
});

async function open(): Promise<{ gateway: StartedGateway; client: RawConnection; upstream: RawConnection }> {
  const upstreamServer = await bed.upstream({ tls: server });
  const action = { tls: { ca: caFile } };
  const gateway = await bed.gateway(forwardingConfig(upstreamServer.url(), action, SERVER_TLS));
  const client = await bed.open({ port: gateway.port, tls: TRUSTING });
  return { gateway, client, upstream: await upstreamServer.next() };
}
