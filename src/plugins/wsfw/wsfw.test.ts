import { describe, expect, it } from 'vitest';
import { FakeExchange, HANDSHAKE } from '../../../test/support/fake-exchange.ts';
import { fakeHost } from '../../../test/support/fake-host.ts';
import { type ForwardOptions, HeaderList } from '../../plugin.ts';
import { CheckWebSocketUpgradeMiddleware } from './check-web-socket-upgrade-middleware.ts';
import wsfw from './index.ts';
import { WebSocketAction } from './web-socket-action.ts';
import { webSocketConfig } from './web-socket-config.ts';

const without = (name: string) => HANDSHAKE.filter(([own]) => own !== name);

async function check(exchange: FakeExchange): Promise<boolean> {
  let passed = false;
  await CheckWebSocketUpgradeMiddleware.create()(exchange, async () => {
    passed = true;
  });
  return passed;
}

async function act(exchange: FakeExchange, config: object = {}): Promise<ForwardOptions[]> {
  const forwarded: ForwardOptions[] = [];
  const { host } = fakeHost({
    forward: async (_, options) => {
      forwarded.push(options);
      return null;
    },
  });
  const options = webSocketConfig.parse({ upstreamEndpoint: 'ws://localhost:8080/ws', ...config });
  const action = await WebSocketAction.create({ config: options, pluginConfig: undefined, host });
  await action(exchange);
  return forwarded;
}

describe('CheckWebSocketUpgradeMiddleware', () => {
  it('lets a valid handshake pass', async () => {
    const exchange = new FakeExchange();
    expect(await check(exchange)).toBe(true);
    expect(exchange.answered).toBe(false);
  });

  it('answers 426 to a request that asks for no WebSocket', async () => {
    const exchange = new FakeExchange({ headers: [['Host', 'gateway.test']] });
    expect(await check(exchange)).toBe(false);
    expect(exchange.answer?.status).toBe(426);
    expect(exchange.answerHeader('Upgrade')).toBe('websocket');
  });

  it('answers 400 to a handshake without a key', async () => {
    const exchange = new FakeExchange({ headers: without('Sec-WebSocket-Key') });
    expect(await check(exchange)).toBe(false);
    expect(exchange.answer?.status).toBe(400);
  });
});

describe('WebSocketAction', () => {
  it('forwards with the options of the configuration, in milliseconds and bytes', async () => {
    const forwarded = await act(new FakeExchange(), {
      pingInterval: '10s',
      pongTimeout: '30s',
      maxInactivity: '1m',
      connectTimeout: '1s',
      handshakeTimeout: '2s',
      closeTimeout: '3s',
      writeTimeout: '4s',
      maxMessageSize: '64KiB',
      maxControlFrames: 10,
      preserveHost: false,
      headers: { set: { 'X-A': 'a' }, remove: ['Cookie'] },
      tls: { servername: 'x' },
    });
    expect(forwarded).toEqual([
      {
        upstreamEndpoint: 'ws://localhost:8080/ws',
        balancer: 'roundRobin',
        maxConnections: 0,
        retries: 2,
        connectTimeoutMs: 1000,
        handshakeTimeoutMs: 2000,
        preserveHost: false,
        headers: { set: { 'X-A': 'a' }, remove: ['Cookie'] },
        tls: { servername: 'x', rejectUnauthorized: true },
        relay: {
          pingIntervalMs: 10_000,
          pongTimeoutMs: 30_000,
          maxInactivityMs: 60_000,
          closeTimeoutMs: 3000,
          writeTimeoutMs: 4000,
          maxMessageBytes: 65_536,
          maxControlFrames: 10,
        },
      },
    ]);
  });

  it('forwards with what it is told of several endpoints', async () => {
    const [forwarded] = await act(new FakeExchange(), {
      upstreamEndpoint: undefined,
      upstreamEndpoints: ['ws://a/', { url: 'ws://b/', weight: 3, maxConnections: 7 }],
      balancer: { hash: 'cookie:session' },
      maxConnections: 10,
      retries: 1,
      resolve: { interval: '1m', servers: ['10.0.0.53'] },
      passiveHealth: { failures: 5, ejectFor: '20s', maxEjected: '25%' },
      healthCheck: { type: 'http', path: '/health', interval: '3s', timeout: '1s', healthyAfter: 1 },
    });
    expect(forwarded).toMatchObject({
      upstreamEndpoints: [
        { url: 'ws://a/', weight: 1, maxConnections: 0 },
        { url: 'ws://b/', weight: 3, maxConnections: 7 },
      ],
      balancer: { hash: 'cookie:session' },
      maxConnections: 10,
      retries: 1,
      resolve: { intervalMs: 60_000, servers: ['10.0.0.53'] },
      passiveHealth: { failures: 5, ejectForMs: 20_000, maxEjected: 0.25 },
      healthCheck: {
        type: 'http',
        path: '/health',
        intervalMs: 3_000,
        timeoutMs: 1_000,
        healthyAfter: 1,
        unhealthyAfter: 3,
      },
    });
    expect(forwarded).not.toHaveProperty('upstreamEndpoint');
  });

  it('keeps the client’s Host unless told otherwise', async () => {
    expect((await act(new FakeExchange()))[0]?.preserveHost).toBe(true);
  });

  it('checks the handshake itself, without the middleware', async () => {
    const exchange = new FakeExchange({ headers: new HeaderList(without('Sec-WebSocket-Key')) });
    expect(await act(exchange)).toEqual([]);
    expect(exchange.answer?.status).toBe(400);
  });
});

describe('the plugin wsfw', () => {
  it('has the components of the specification, and its action serves upgrades', () => {
    expect(wsfw.name).toBe('wsfw');
    expect(Object.keys(wsfw.middlewares ?? {})).toEqual(['CheckWebSocketUpgradeMiddleware']);
    expect(wsfw.actions?.['WebSocketAction']?.upgrades).toBe(true);
  });
});
