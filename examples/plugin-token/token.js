import { createHash } from 'node:crypto';
import { definePlugin, problem, readSecret } from 'wsfw/plugin';
import { tokenOptions } from './options.js';

/** Lets only clients with a token connect, and tells the upstream who they are. */
export default definePlugin({
  name: 'token',
  middlewares: {
    TokenMiddleware: {
      config: tokenOptions,
      async create({ config, host }) {
        const users = await readUsers(config, host);
        return async (exchange, next) => {
          const token = takeToken(exchange);
          const user = token === undefined ? undefined : users.get(digest(token));
          if (user === undefined) return exchange.respond(unauthorized(exchange, config.realm));
          // Replaces what the client may have sent under that name.
          exchange.outgoing.headers.set('X-User', user);
          return next();
        };
      },
    },
  },
});

/** Digest of token → user: looking up a digest tells nothing about how near a guess was. */
async function readUsers(config, host) {
  const users = new Map();
  for (const [user, secret] of Object.entries(config.users)) {
    const token = await readSecret(secret, host.resolvePath, ['users', user]);
    users.set(digest(token), user);
  }
  return users;
}

/**
 * The client's token: from `Authorization: Bearer`, or from `?token=`, since a browser cannot set headers on a
 * WebSocket. Neither goes on to the upstream.
 */
function takeToken(exchange) {
  const { headers, query } = exchange.outgoing;
  const bearer = /^Bearer +(\S+)$/i.exec(exchange.headers.get('Authorization') ?? '')?.[1];
  if (bearer !== undefined) headers.remove('Authorization');

  const pairs = query === '' ? [] : query.split('&');
  const isToken = (pair) => pair.startsWith('token=');
  exchange.outgoing.query = pairs.filter((pair) => !isToken(pair)).join('&');
  return bearer ?? new URLSearchParams(pairs.find(isToken)).get('token') ?? undefined;
}

function unauthorized(exchange, realm) {
  return problem({
    status: 401,
    detail: 'a valid token is needed',
    requestId: exchange.id,
    headers: [['WWW-Authenticate', `Bearer realm="${realm}"`]],
  });
}

function digest(token) {
  return createHash('sha256').update(token).digest('base64url');
}
