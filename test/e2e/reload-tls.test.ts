import { copyFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { forwardingConfig } from '../support/gateway.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { settled } from '../support/resources.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const { ca, named, server } = certificates;

/** A certificate and its key in files that are replaced later. */
function replaceable() {
  const folder = temporaryFolder();
  const files = { certFile: `${folder}/cert.pem`, keyFile: `${folder}/key.pem` };
  const hold = (pair: typeof server | typeof named) => {
    copyFileSync(pair.certFile, files.certFile);
    copyFileSync(pair.keyFile, files.keyFile);
  };
  hold(server);
  return { files, hold };
}

describe('a reload of a listener with TLS', () => {
  it('shows the certificate that is in the files now, and keeps connections', async () => {
    const echo = await bed.echo();
    const { files, hold } = replaceable();
    const config = forwardingConfig(echo.url(), {}, { address: '127.0.0.1:0', tls: true, ...files });
    const gateway = await bed.gateway(config);
    const subject = async () => {
      const client = await bed.open({
        port: gateway.port,
        tls: { ca, checkServerIdentity: () => undefined },
      });
      return { client, alt: (client.socket as TLSSocket).getPeerCertificate().subjectaltname };
    };
    const first = await subject();
    expect(first.alt).toContain('localhost');
    expect(await gateway.gateway.reload(config)).toMatchObject({ certificate: false });
    hold(named);
    expect(await gateway.gateway.reload(config)).toMatchObject({ certificate: true, componentsBuilt: [] });
    expect((await subject()).alt).toContain('upstream.example.test');
    first.client.sendText('as before');
    expect((await first.client.nextMessage()).payload.toString()).toBe('as before');
  });

  it('goes on with the old certificate when the new one cannot be used', async () => {
    const echo = await bed.echo();
    const { files } = replaceable();
    const config = forwardingConfig(echo.url(), {}, { address: '127.0.0.1:0', tls: true, ...files });
    const gateway = await bed.gateway(config);
    copyFileSync(named.keyFile, files.keyFile);
    await expect(gateway.gateway.reload(config)).rejects.toThrow(/key.pem is not the key of/);
    await bed.open({ port: gateway.port, tls: { ca, servername: 'localhost' } });
  });

  it('ends a TLS handshake that does not come on after the readTimeout of the latest configuration', async () => {
    const clock = new ManualClock();
    const { files } = replaceable();
    const config = (readTimeout: string) =>
      forwardingConfig('ws://127.0.0.1:1/', {}, { address: '127.0.0.1:0', tls: true, ...files, readTimeout });
    const gateway = await bed.gateway(config('10s'), { clock });
    await gateway.gateway.reload(config('3s'));
    const socket = connectTcp({ port: gateway.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    bed.after(() => void socket.destroy());
    await settled(() => (clock.pending === 1 ? null : 'not accepted'));
    clock.advance(2_900);
    expect(socket.destroyed).toBe(false);
    clock.advance(200);
    await settled(() => (socket.destroyed ? null : 'still open'));
  });
});

describe('a reload of an action with wss://', () => {
  it('reads certificates again whose files have changed', async () => {
    const folder = temporaryFolder();
    const file = `${folder}/ca.pem`;
    copyFileSync(certificates.caFile, file);
    const upstream = await bed.upstream({ tls: { cert: server.cert, key: server.key } });
    const config = forwardingConfig(upstream.url(), { tls: { ca: file } }, { address: '127.0.0.1:0' });
    const gateway = await bed.gateway(config);
    expect((await bed.request({ port: gateway.port })).answer.status).toBe(101);
    expect((await gateway.gateway.reload(config)).componentsBuilt).toEqual([]);
    copyFileSync(named.certFile, file);
    expect((await gateway.gateway.reload(config)).componentsBuilt).toEqual(['actions.Forward']);
    expect((await bed.request({ port: gateway.port })).answer.status).toBe(502);
  });
});
