import { describe, expect, it } from 'vitest';
import { webSocketWarnings } from './warnings.ts';
import { webSocketConfig } from './web-socket-config.ts';

const warned = (config: object): string[] => {
  const endpoint = 'upstreamEndpoints' in config ? {} : { upstreamEndpoint: 'ws://localhost:8080/ws' };
  return webSocketWarnings(webSocketConfig.parse({ ...endpoint, ...config })).map(({ path }) =>
    path.join('.'),
  );
};

const two = ['ws://10.0.0.1/', 'ws://10.0.0.2/'];

describe('webSocketWarnings', () => {
  it.each([
    [{}, []],
    [{ pongTimeout: '30s', pingInterval: '10s', maxInactivity: '60s' }, []],
    [{ pongTimeout: '30s' }, ['pongTimeout']],
    [{ maxInactivity: '5s', pingInterval: '10s' }, ['maxInactivity']],
    [{ upstreamEndpoint: 'ws://chat.example.com/' }, ['upstreamEndpoint']],
    [{ upstreamEndpoint: 'ws://8.8.8.8/' }, ['upstreamEndpoint']],
    [{ upstreamEndpoint: 'ws://[fd00::1]/' }, []],
    [{ upstreamEndpoint: 'ws://10.0.0.1/:room' }, []],
    [{ upstreamEndpoint: 'wss://chat.example.com/' }, ['upstreamEndpoint']],
    [{ upstreamEndpoint: 'wss://chat.example.com/', preserveHost: true }, []],
    [{ upstreamEndpoint: 'wss://chat.example.com/', preserveHost: false }, []],
    [{ upstreamEndpoint: 'wss://10.0.0.1/' }, []],
    [
      { upstreamEndpoint: 'wss://localhost/', tls: { rejectUnauthorized: false } },
      ['tls.rejectUnauthorized'],
    ],
    [{ tls: { ca: 'ca.pem' } }, ['tls']],
    [{ hold: {} }, []],
    [{ hold: {}, maxInactivity: '30s' }, []],
    [{ hold: {}, maxInactivity: '10s' }, ['hold.attempts']],
    [{ hold: { backoff: { initial: '2s', max: '1s' } } }, ['hold.backoff.max']],
    [{ hold: { bufferBytes: 0 } }, ['hold.bufferBytes']],
    [{ upstreamEndpoints: two }, []],
    [{ upstreamEndpoints: ['ws://10.0.0.1/', 'ws://8.8.8.8/'] }, ['upstreamEndpoints.1']],
    [{ upstreamEndpoints: ['ws://10.0.0.1/', 'wss://10.0.0.2/'], tls: { ca: 'ca.pem' } }, []],
    [{ upstreamEndpoints: two.map((url) => ({ url, weight: 0 })) }, ['upstreamEndpoints']],
    [{ upstreamEndpoints: [{ url: 'ws://10.0.0.1/', weight: 0 }, 'ws://10.0.0.2/'] }, []],
    [{ balancer: 'leastConnections' }, ['balancer']],
    [{ balancer: { hash: 'ip' }, upstreamEndpoints: two }, []],
    [{ balancer: { hash: 'ip' }, resolve: {} }, []],
    [{ upstreamEndpoints: two, connectTimeout: '10s' }, ['connectTimeout']],
    [{ upstreamEndpoints: two, connectTimeout: '10s', retries: 0 }, []],
    [{ connectTimeout: '10s' }, []],
    [{ passiveHealth: {} }, ['passiveHealth']],
    [{ passiveHealth: { failures: 0 } }, []],
    [{ passiveHealth: {}, resolve: {} }, []],
    [{ passiveHealth: {}, upstreamEndpoints: two }, []],
    [{ passiveHealth: { maxEjected: '40%' }, upstreamEndpoints: two }, ['passiveHealth.maxEjected']],
    [{ healthCheck: {} }, []],
    [{ healthCheck: { interval: '1s' } }, ['healthCheck.interval']],
    [{ healthCheck: { type: 'tcp', path: '/' } }, ['healthCheck.path']],
    [{ resolve: {} }, []],
    [{ resolve: {}, upstreamEndpoints: two }, ['resolve']],
    [{ resolve: { srv: '_ws._tcp.chat.internal' }, upstreamEndpoint: 'ws://10.0.0.1/' }, []],
  ])('of %j are about %j', (config, paths) => {
    expect(warned(config)).toEqual(paths);
  });
});
