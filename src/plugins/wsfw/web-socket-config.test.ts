import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { webSocketConfig } from './web-socket-config.ts';

const upstreamEndpoint = 'ws://localhost:8080/ws';

function issuesOf(config: object): string[] {
  const endpoint = 'upstreamEndpoints' in config ? {} : { upstreamEndpoint };
  const result = webSocketConfig.safeParse({ ...endpoint, ...config });
  return result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

describe('the options of WebSocketAction', () => {
  it('have their defaults', () => {
    expect(webSocketConfig.parse({ upstreamEndpoint })).toEqual({
      upstreamEndpoint,
      balancer: 'roundRobin',
      maxConnections: 0,
      retries: 2,
      pingInterval: 0,
      pongTimeout: 0,
      maxInactivity: 0,
      connectTimeout: 5000,
      handshakeTimeout: 10_000,
      closeTimeout: 5000,
      writeTimeout: 0,
      maxMessageSize: 0,
      maxControlFrames: 100,
      headers: { set: {}, remove: [] },
      tls: { rejectUnauthorized: true },
    });
  });

  it('all say what they do, in the JSON Schema as well, with their defaults as people write them', () => {
    const schema = z.toJSONSchema(webSocketConfig, { io: 'input', unrepresentable: 'any' });
    const properties = schema.properties as Record<string, { description?: string; default?: unknown }>;
    expect(Object.keys(properties).filter((name) => !properties[name]?.description)).toEqual([]);
    expect(properties['connectTimeout']?.default).toBe('5s');
    expect(properties['preserveHost']?.default).toBe(true);
    expect(schema.oneOf).toEqual([{ required: ['upstreamEndpoint'] }, { required: ['upstreamEndpoints'] }]);
  });

  it('have defaults in maps as well', () => {
    expect(
      webSocketConfig.parse({ upstreamEndpoint, passiveHealth: {}, healthCheck: {}, resolve: {} }),
    ).toMatchObject({
      passiveHealth: { failures: 3, ejectFor: 10_000, maxEjected: 0.5 },
      healthCheck: {
        type: 'websocket',
        interval: 10_000,
        timeout: 5_000,
        healthyAfter: 2,
        unhealthyAfter: 3,
      },
      resolve: { interval: 30_000 },
    });
  });

  it('take several endpoints, as URLs or with what belongs to them', () => {
    const upstreamEndpoints = [
      'ws://a/',
      { url: 'ws://b/', weight: 3 },
      { url: 'ws://c/', maxConnections: 10 },
    ];
    expect(webSocketConfig.parse({ upstreamEndpoints }).upstreamEndpoints).toEqual([
      { url: 'ws://a/', weight: 1, maxConnections: 0 },
      { url: 'ws://b/', weight: 3, maxConnections: 0 },
      { url: 'ws://c/', weight: 1, maxConnections: 10 },
    ]);
  });

  it.each(['roundRobin', 'leastConnections', 'randomTwo', { hash: 'ip' }, { hash: 'cookie:session' }])(
    'take %j for the balancer',
    (balancer) => {
      expect(webSocketConfig.parse({ upstreamEndpoint, balancer }).balancer).toEqual(balancer);
    },
  );

  it.each([
    [{}, { afterMs: 21_600_000, jitterMs: 2_160_000 }],
    [{ after: '1h' }, { afterMs: 3_600_000, jitterMs: 360_000 }],
    [
      { after: '1h', jitter: 0 },
      { afterMs: 3_600_000, jitterMs: 0 },
    ],
    [{ jitter: '5m' }, { afterMs: 21_600_000, jitterMs: 300_000 }],
  ])('spread the age of connections: %j', (maxAge, expected) => {
    expect(webSocketConfig.parse({ upstreamEndpoint, maxAge }).maxAge).toEqual(expected);
  });

  it('want either one endpoint or several, whatever else is wrong', () => {
    const issues = (config: object) =>
      webSocketConfig
        .safeParse(config)
        .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    expect(issues({})).toEqual(['upstreamEndpoint: required, unless there are upstreamEndpoints']);
    expect(issues({ pingInterval: 'often' })).toHaveLength(2);
    expect(issues({ upstreamEndpoint, upstreamEndpoints: ['ws://a/'] })).toEqual([
      'upstreamEndpoints: cannot stand beside upstreamEndpoint. Put them all in this list',
    ]);
    expect(issues([])).toHaveLength(1);
  });

  it('take the specification’s example', () => {
    const config = { pongTimeout: '30s', pingInterval: '10s', maxInactivity: '60s', upstreamEndpoint };
    expect(webSocketConfig.parse(config)).toMatchObject({
      pongTimeout: 30_000,
      pingInterval: 10_000,
      maxInactivity: 60_000,
    });
  });

  it.each([
    [{ upstreamEndpoint: 'http://localhost' }, 'upstreamEndpoint: has to start with ws:// or wss://'],
    [{ upstreamEndpoint: 'ws://u:p@localhost' }, 'upstreamEndpoint: must not carry a user name or password'],
    [{ connectTimeout: 0 }, 'connectTimeout: must not be 0'],
    [{ handshakeTimeout: '0' }, 'handshakeTimeout: must not be 0'],
    [{ closeTimeout: '0s' }, 'closeTimeout: must not be 0'],
    [{ maxControlFrames: -1 }, 'maxControlFrames: '],
    [{ maxControlFrames: 1.5 }, 'maxControlFrames: '],
    [{ headers: { set: { 'X Y': 'a' } } }, 'headers.set.X Y: is not a header name'],
    [
      { headers: { set: { 'X-A': 'a\r\nX-B: b' } } },
      'headers.set.X-A: has a value with characters that no header may have',
    ],
    [{ headers: { set: { 'X-A': 'a\0' } } }, 'headers.set.X-A: has a value'],
    [{ headers: { set: { host: 'a' } } }, 'headers.set.host: cannot be changed here; see preserveHost'],
    [{ headers: { remove: ['Sec-WebSocket-Key'] } }, 'headers.remove.0: belongs to the handshake'],
    [{ headers: { remove: ['Connection'] } }, 'headers.remove.0: belongs to the handshake'],
    [{ tls: { ca: 7 } }, 'tls.ca: must be a path, a PEM text, or {file: PATH}'],
    [{ tls: { passphrase: 'x' } }, 'tls: Unrecognized key: "passphrase"'],
    [{ pingIntervall: '1s' }, ': Unrecognized key: "pingIntervall"'],
    [{ upstreamEndpoints: [] }, 'upstreamEndpoints: Too small'],
    [{ upstreamEndpoints: ['ws://a/', 'http://b/'] }, 'upstreamEndpoints.1: has to start with ws://'],
    [{ upstreamEndpoints: [{ url: 'http://b/' }] }, 'upstreamEndpoints.0.url: has to start with ws://'],
    [{ upstreamEndpoints: ['ws://a/', { url: 'ws://a/' }] }, 'upstreamEndpoints.1: is there twice'],
    [{ upstreamEndpoints: [{ url: 'ws://a/', weight: -1 }] }, 'upstreamEndpoints.0.weight: Too small'],
    [{ balancer: { hash: 'session' } }, 'balancer.hash: must be ip, header:NAME'],
    [{ balancer: { hash: 'cookie:' } }, 'balancer.hash: needs a name: cookie:NAME'],
    [{ maxAge: { after: 0 } }, 'maxAge.after: must not be 0'],
    [{ maxAge: '1h30m' }, 'maxAge: expected a map: write {after: 1h30m}'],
    [{ maxAge: 0 }, 'maxAge: expected a map: leave it out to have none'],
    [{ maxAge: 3600 }, 'maxAge: Invalid input: expected object'],
    [{ maxAge: 'long' }, 'maxAge: Invalid input: expected object'],
    [{ hold: true }, 'hold: expected a map: write {} for the defaults'],
    [{ hold: null }, 'hold: expected a map: write {} for the defaults'],
    [{ hold: '10s' }, 'hold: Invalid input: expected object'],
    [{ healthCheck: true }, 'healthCheck: expected a map: write {} for the defaults'],
    [{ healthCheck: false }, 'healthCheck: expected a map: leave it out to have none'],
    [{ healthCheck: '5s' }, 'healthCheck: expected a map: write {interval: 5s}'],
    [{ resolve: '1m' }, 'resolve: expected a map: write {interval: 1m}'],
    [{ retries: -1 }, 'retries: Too small'],
    [{ passiveHealth: { maxEjected: '101%' } }, 'passiveHealth.maxEjected: must be a percentage'],
    [{ passiveHealth: { maxEjected: '50' } }, 'passiveHealth.maxEjected: must be a percentage'],
    [{ passiveHealth: { ejectFor: 0 } }, 'passiveHealth.ejectFor: must not be 0'],
    [{ healthCheck: { type: 'ping' } }, 'healthCheck.type: Invalid option'],
    [{ healthCheck: { path: 'health' } }, 'healthCheck.path: must start with /'],
    [{ healthCheck: { path: '/a b' } }, 'healthCheck.path: must start with /'],
    [{ healthCheck: { unhealthyAfter: 0 } }, 'healthCheck.unhealthyAfter: Too small'],
    [{ hold: { on: ['closed'] } }, 'hold.on.0: must be lost, 1001 or 1012'],
    [{ hold: { attempts: 0 } }, 'hold.attempts: Too small'],
    [{ hold: { backoff: { jitter: 2 } } }, 'hold.backoff.jitter: Too big'],
    [{ hold: { backoff: { initial: 0 } } }, 'hold.backoff.initial: must not be 0'],
    [{ resolve: { interval: 0 } }, 'resolve.interval: must not be 0'],
    [{ resolve: { srv: 'chat.internal' } }, 'resolve.srv: must be the name of a service'],
    [{ resolve: { servers: ['dns.internal'] } }, 'resolve.servers.0: must be an address'],
    [{ resolve: { servers: ['10.0.0.53:0'] } }, 'resolve.servers.0: must be an address'],
  ])('refuse %j', (config, problem) => {
    expect(issuesOf(config)).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['10.0.0.53', '10.0.0.53:5353', 'fd00::53', '[fd00::53]:5353'])(
    'take %s for a DNS server',
    (server) => {
      expect(issuesOf({ resolve: { servers: [server] } })).toEqual([]);
    },
  );

  it.each(['Cookie', 'Authorization', 'X-A', 'Origin'])('let headers.remove name %s', (name) => {
    expect(issuesOf({ headers: { remove: [name] } })).toEqual([]);
  });
});
