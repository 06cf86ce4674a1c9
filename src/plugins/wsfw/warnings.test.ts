import { describe, expect, it } from 'vitest';
import { webSocketWarnings } from './warnings.ts';
import { webSocketConfig } from './web-socket-config.ts';

const warned = (config: object): string[] =>
  webSocketWarnings(webSocketConfig.parse({ upstreamEndpoint: 'ws://localhost:8080/ws', ...config })).map(
    ({ path }) => path.join('.'),
  );

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
  ])('of %j are about %j', (config, paths) => {
    expect(warned(config)).toEqual(paths);
  });
});
