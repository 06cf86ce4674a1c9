import { describe, expect, it } from 'vitest';
import type { Observer } from '../../src/index.ts';
import { createGateway, loadConfig } from '../../src/index.ts';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { settled } from '../support/resources.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();

const local = (config: Record<string, unknown>) => ({ ...config, server: { address: '127.0.0.1:0' } });

describe('a gateway as a library', () => {
  it('starts from files, and lists what is open', async () => {
    const upstream = await bed.upstream();
    const folder = temporaryFolder({
      'server.yaml': 'server: {address: "127.0.0.1:0"}',
      'plugins.yaml': 'plugins: [{path: /plugins/wsfw.so}]',
      'actions.yaml': `actions: {F: {use: plugins.wsfw.actions.WebSocketAction, config: {upstreamEndpoint: "${upstream.url()}"}}}`,
      'middlewares.yaml': 'middlewares:\n',
      'routes.yaml': 'routes: [{path: /ws, method: GET, action: F}]',
    });
    const gateway = createGateway({ config: await loadConfig([folder]) });
    const { host, port, encrypted } = await gateway.start();
    expect({ host, encrypted }).toEqual({ host: '127.0.0.1', encrypted: false });
    const client = await bed.open({ port, path: '/ws' });
    const [connection, ...others] = gateway.connections();
    expect(others).toEqual([]);
    expect(connection).toMatchObject({ clientAddress: '127.0.0.1', endpoint: upstream.url() });
    expect(connection?.send('client', 'from the program')).toBe('sent');
    expect((await client.nextMessage()).payload.toString()).toBe('from the program');
    expect(connection?.send('upstream', Buffer.from([1, 2]))).toBe('sent');
    expect((await (await upstream.next()).nextMessage()).payload).toEqual(Buffer.from([1, 2]));
    connection?.close('closed-by-operator', { code: 4000, reason: 'because' });
    expect(await client.nextClose()).toEqual({ code: 4000, reason: 'because' });
    expect((await upstream.connections[0]?.nextClose())?.code).toBe(1001);
    client.destroy();
    upstream.connections[0]?.destroy();
    expect(await connection?.ended).toMatchObject({ cause: 'closed-by-operator' });
    expect(connection?.send('client', 'too late')).toBe('closed');
    expect([...gateway.connections()]).toEqual([]);
    await gateway.stop();
  });

  it('can be stopped while it starts', async () => {
    const gateway = createGateway({ config: local(forwardingConfig('ws://127.0.0.1:1/')) });
    const starting = gateway.start();
    await gateway.stop();
    const { port } = await starting;
    await expect(bed.connect({ port })).rejects.toThrow(/ECONNREFUSED/);
  });

  it('has no workers, and says so once', async () => {
    const config = { ...forwardingConfig('ws://127.0.0.1:1/'), server: { workers: 4 } };
    const { log } = await bed.gateway(config);
    const [warning, ...others] = log.lines.filter(({ level }) => level === 'warn');
    expect(warning?.fields).toEqual({ workers: 4 });
    expect(warning?.message).toContain('server.workers');
    expect(others).toEqual([]);
  });

  it('starts once, however often it is asked', async () => {
    const gateway = createGateway({ config: local(forwardingConfig('ws://127.0.0.1:1/')) });
    const [one, two] = await Promise.all([gateway.start(), gateway.start()]);
    expect(one).toEqual(two);
    await gateway.stop();
  });

  it('does not mind an observer that throws', async () => {
    const upstream = await bed.upstream();
    const logger = new RecordingLogger();
    const fail = (): never => {
      throw new Error('the observer is broken');
    };
    const observer: Observer = { opened: fail, ended: fail, refused: fail };
    const gateway = createGateway({ config: local(forwardingConfig(upstream.url())), observer, logger });
    const { port } = await gateway.start();
    const client = await bed.open({ port });
    client.sendText('carried all the same');
    const taken = await upstream.next();
    expect((await taken.nextMessage()).payload.toString()).toBe('carried all the same');
    expect((await bed.request({ port, path: '/nothing' })).answer.status).toBe(404);
    client.reset();
    taken.destroy();
    await settled(() => (gateway.stats().connections === 0 ? null : 'still open'));
    expect(gateway.stats()).toMatchObject({ opened: 1, ended: 1, refused: 1 });
    expect(logger.lines.filter(({ level }) => level === 'error').length).toBeGreaterThanOrEqual(3);
    await gateway.stop();
  });

  it('names itself in answers when it is told to, in place of the upstream', async () => {
    const upstream = await bed.upstream({ handshake: { headers: [['Server', 'hidden/1.2']] } });
    const config = forwardingConfig(upstream.url());
    const gateway = await bed.gateway({ ...config, server: { serverHeader: 'edge' } });
    const opened = await bed.open({ port: gateway.port });
    expect(headersOf(opened.answer, 'server')).toEqual(['edge']);
    const refused = await bed.request({ port: gateway.port, path: '/nothing' });
    expect(headersOf(refused.answer, 'server')).toEqual(['edge']);
    const silent = await bed.gateway(config);
    expect(headersOf((await bed.request({ port: silent.port, path: '/nothing' })).answer, 'server')).toEqual(
      [],
    );
  });

  it('serves its health routes where it is told to, or not at all', async () => {
    const at = async (port: number, path: string): Promise<number> => {
      const client = await bed.connect({ port });
      client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      return (await client.readAnswer()).status;
    };
    const config = forwardingConfig('ws://127.0.0.1:1/', {}, {}, '/ws');
    const moved = await bed.gateway({
      ...config,
      server: { healthCheckLiveRoute: '/up', healthCheckReadyRoute: '/ready' },
    });
    const statuses = await Promise.all(['/up', '/ready', '/health/live'].map((path) => at(moved.port, path)));
    expect(statuses).toEqual([200, 200, 404]);
    const none = await bed.gateway({ ...config, server: { disableHealthCheck: true } });
    expect(await at(none.port, '/health/live')).toBe(404);
  });

  it('forwards what an upstream says that leaves right behind its 101', async () => {
    const upstream = await bed.upstream({
      handshake: { firstFrames: [{ opcode: OPCODE.text, payload: 'bye' }] },
    });
    upstream.server.on('connection', (socket) => {
      socket.once('data', () => setImmediate(() => socket.end()));
    });
    const gateway = await bed.gateway(forwardingConfig(upstream.url()));
    const client = await bed.open({ port: gateway.port });
    expect((await client.nextMessage()).payload.toString()).toBe('bye');
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    client.sendClose(1011);
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    expect(await gateway.nextCause()).toBe('upstream-lost');
  });
});
