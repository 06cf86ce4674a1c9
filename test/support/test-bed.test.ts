import { describe, expect, it } from 'vitest';
import { connectRaw } from './raw-client.ts';
import { startRawUpstream } from './raw-upstream.ts';
import { backToBaseline, resourcesNow } from './resources.ts';

describe('backToBaseline', () => {
  it('waits for sockets that are closing', async () => {
    const baseline = resourcesNow();
    const upstream = await startRawUpstream({ handshake: 'manual' });
    const client = await connectRaw({ port: upstream.port });
    expect(resourcesNow()).not.toEqual(baseline);
    client.destroy();
    await upstream.close();
    await backToBaseline(baseline);
  });

  it('names what is left at the deadline', async () => {
    const baseline = resourcesNow();
    const upstream = await startRawUpstream({ handshake: 'manual' });
    const client = await connectRaw({ port: upstream.port });
    await upstream.next();
    await expect(backToBaseline(baseline, 20)).rejects.toThrow('left open: 2 TCPSocketWrap, 1 TCPServerWrap');
    client.destroy();
    await upstream.close();
    await backToBaseline(baseline);
  });
});
