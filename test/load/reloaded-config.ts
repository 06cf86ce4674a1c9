/**
 * The configuration of one round: a route that stays, one whose action changes each time, and others that come and
 * go. Every fifth is broken, each time in another way.
 */
export function configOfRound(round: number, upstreamPort: number): string {
  const upstreamEndpoint = `ws://127.0.0.1:${upstreamPort}/`;
  const passing = Array.from(
    { length: round % 4 },
    (_, i) => `  - {path: /passing/${round + i}, action: Chat}`,
  );
  return `
server:
  address: ${isBroken(round) && round % 2 === 0 ? '127.0.0.1:1' : '127.0.0.1:0'}
  readTimeout: ${5 + (round % 5)}s
plugins:
  - path: wsfw
  - path: limiter
middlewares:
  Limit:
    use: plugins.limiter.middlewares.LimiterMiddleware
    config: {maxConnections: ${100_000 + (round % 3)}}
globalMiddlewares: [Limit]
actions:
  Chat:
    use: plugins.wsfw.actions.WebSocketAction
    config: {upstreamEndpoint: '${upstreamEndpoint}', pingInterval: 5s, pongTimeout: 30s}
  Moving:
    use: plugins.wsfw.actions.WebSocketAction
    config: {upstreamEndpoint: '${upstreamEndpoint}', maxMessageSize: ${1000 + round}}
routes:
  - {path: /chat, action: Chat}
  - {path: /moving, action: Moving}
${passing.join('\n')}
${isBroken(round) ? 'actoins: {}\n' : ''}${round % 15 === 10 ? '}' : ''}
`;
}

/** Whether the round's configuration must be refused. */
export const isBroken = (round: number): boolean => round % 5 === 0;
