/** Targets of routes that forward. */
export const PATHS = [
  '/ws',
  '/ws',
  '/ws/a/b?c=d',
  '/rooms/7',
  '/small',
  '/wss',
  '/checked',
  '/limited',
  '/several',
] as const;

/** Waits of the gateway under test, short so that whatever waits for them is soon over. */
export const READ_TIMEOUT_MS = 2_000;
export const IDLE_TIMEOUT_MS = 1_000;
/** Of a message on the route `/small`. */
export const SMALL_MESSAGE_BYTES = 4_096;

const FORWARD = 'plugins.wsfw.actions.WebSocketAction';

/** A configuration with every kind of route and limit there is. */
export function gatewayConfig(upstream: { plainPort: number; tlsPort: number; caFile: string }) {
  const limits = {
    pingInterval: '300ms',
    pongTimeout: '1s',
    maxInactivity: '1500ms',
    connectTimeout: '800ms',
    handshakeTimeout: '1s',
    closeTimeout: '500ms',
    writeTimeout: '1s',
  };
  const forward = (path: string, more: object = {}) => ({
    use: FORWARD,
    config: { upstreamEndpoint: `ws://127.0.0.1:${upstream.plainPort}${path}`, ...limits, ...more },
  });
  return {
    server: {
      address: '127.0.0.1:0',
      readTimeout: `${READ_TIMEOUT_MS}ms`,
      idleTimeout: `${IDLE_TIMEOUT_MS}ms`,
      serverHeader: 'fuzzed',
      drain: { timeout: '1s' },
    },
    plugins: [{ path: 'wsfw' }, { path: 'limiter' }],
    middlewares: {
      Check: { use: 'plugins.wsfw.middlewares.CheckWebSocketUpgradeMiddleware' },
      Limit: {
        use: 'plugins.limiter.middlewares.LimiterMiddleware',
        config: { maxRequests: 20, expiration: '1s' },
      },
    },
    actions: {
      Fixed: forward('/ws'),
      Calm: forward('/ws', {
        pingInterval: '1s',
        pongTimeout: '20s',
        maxInactivity: '20s',
        writeTimeout: '20s',
      }),
      Base: forward('/base/'),
      Room: forward('/rooms/:id?fixed=1', {
        preserveHost: false,
        headers: { set: { 'X-Set': '1' }, remove: ['Cookie'] },
      }),
      Several: {
        use: FORWARD,
        config: {
          upstreamEndpoints: ['ws://127.0.0.1:1/ws', `ws://127.0.0.1:${upstream.plainPort}/ws`],
          balancer: 'leastConnections',
          ...limits,
        },
      },
      Small: forward('/small', {
        maxMessageSize: SMALL_MESSAGE_BYTES,
        maxControlFrames: 20,
        pingInterval: '0',
        pongTimeout: '0',
      }),
      Secure: {
        use: FORWARD,
        config: {
          upstreamEndpoint: `wss://localhost:${upstream.tlsPort}/wss`,
          ...limits,
          tls: { ca: { file: upstream.caFile } },
        },
      },
    },
    routes: [
      { path: '/ws', method: 'GET', action: 'Fixed' },
      { path: '/calm', method: 'GET', action: 'Calm' },
      { path: '/ws/*', action: 'Base' },
      { path: '/rooms/:id', action: 'Room' },
      { path: '/several', method: 'GET', action: 'Several' },
      { path: '/small', method: 'GET', action: 'Small' },
      { path: '/wss', method: 'GET', action: 'Secure' },
      { path: '/checked', method: 'GET', middlewares: ['Check'], action: 'Fixed' },
      { path: '/limited', method: 'GET', middlewares: ['Limit'], action: 'Fixed' },
      { path: '/', host: '*.example.test', action: 'Base' },
    ],
  };
}
