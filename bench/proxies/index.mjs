import { bare, bareAgain } from './bare/index.mjs';
import { caddy } from './caddy/index.mjs';
import { fastifyHttpProxy } from './fastify/index.mjs';
import { haproxy } from './haproxy/index.mjs';
import { httpProxy } from './http-proxy/index.mjs';
import { httpProxy3 } from './http-proxy-3/index.mjs';
import { nginx } from './nginx/index.mjs';
import { wsRelay } from './ws/index.mjs';
import { otherWsfw, wsfw } from './wsfw/index.mjs';

/**
 * What every proxy is given: it forwards `/ws/chat` to `ws://127.0.0.1:<upstreamPort>/ws`.
 * @typedef {object} StartOptions
 * @property {number} upstreamPort
 * @property {TlsFiles | null} tls For the clients' side; `null` for none. The upstream never has TLS.
 * @property {number} workers Processes that serve connections. A proxy that is measured with one only refuses more.
 * @property {readonly string[]} nodeFlags For proxies that run on Node; others ignore them.
 * @property {Record<string, string>} env Variables that its processes get in addition.
 *
 * PEM files.
 * @typedef {object} TlsFiles
 * @property {string} certFile
 * @property {string} keyFile
 * @property {string} pemFile Certificate, chain and key in one.
 *
 * @typedef {object} RunningProxy
 * @property {number} port Accepts connections from the moment `start` resolves.
 * @property {readonly number[]} pids Every process of it, workers included.
 * @property {() => Promise<import('../lib/usage.mjs').Usage>} usage Of all its processes together.
 * @property {(() => Promise<void>) | null} collectGarbage `null` where there is no garbage to collect.
 * @property {() => Promise<void>} stop
 *
 * @typedef {object} Proxy
 * @property {string} name For the command line and the results.
 * @property {string} title For people.
 * @property {string} install How to get it when it is not there.
 * @property {() => string | null} find Its version; `null` when it is not on this machine.
 * @property {(how: StartOptions) => Promise<RunningProxy>} start
 */

/** @type {readonly Proxy[]} */
export const PROXIES = [
  wsfw,
  bare,
  bareAgain,
  nginx,
  haproxy,
  caddy,
  httpProxy,
  httpProxy3,
  fastifyHttpProxy,
  wsRelay,
  ...otherWsfw,
];

/** The path that every proxy forwards. */
export const PATH = '/ws/chat';
