import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { webSocketConfig } from './web-socket-config.ts';

const upstreamEndpoint = 'ws://localhost:8080/ws';

function issuesOf(config: object): string[] {
  const result = webSocketConfig.safeParse({ upstreamEndpoint, ...config });
  return result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

describe('the options of WebSocketAction', () => {
  it('have their defaults', () => {
    expect(webSocketConfig.parse({ upstreamEndpoint })).toEqual({
      upstreamEndpoint,
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
    expect(schema.required).toEqual(['upstreamEndpoint']);
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
  ])('refuse %j', (config, problem) => {
    expect(issuesOf(config)).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['Cookie', 'Authorization', 'X-A', 'Origin'])('let headers.remove name %s', (name) => {
    expect(issuesOf({ headers: { remove: [name] } })).toEqual([]);
  });
});
