import type { ForwardOptions, Host } from '../../plugin.ts';
import { readTls } from './read-tls.ts';
import type { WebSocketConfig } from './web-socket-config.ts';

/** The validated options as the gateway's forwarding takes them; files are read. */
export async function forwardOptions(config: WebSocketConfig, host: Host): Promise<ForwardOptions> {
  return {
    ...endpointOptions(config),
    connectTimeoutMs: config.connectTimeout,
    handshakeTimeoutMs: config.handshakeTimeout,
    preserveHost: config.preserveHost ?? true,
    headers: config.headers,
    tls: await readTls(config.tls, host.resolvePath),
    relay: {
      pingIntervalMs: config.pingInterval,
      pongTimeoutMs: config.pongTimeout,
      maxInactivityMs: config.maxInactivity,
      closeTimeoutMs: config.closeTimeout,
      writeTimeoutMs: config.writeTimeout,
      maxMessageBytes: config.maxMessageSize,
      maxControlFrames: config.maxControlFrames,
      ...(config.maxAge === undefined ? {} : { maxAge: config.maxAge }),
    },
  };
}

type EndpointOptions = Omit<
  ForwardOptions,
  'connectTimeoutMs' | 'handshakeTimeoutMs' | 'preserveHost' | 'headers' | 'tls' | 'relay'
>;

function endpointOptions(config: WebSocketConfig): EndpointOptions {
  const { upstreamEndpoint, upstreamEndpoints, balancer, maxConnections, retries } = config;
  return {
    ...(upstreamEndpoint === undefined ? {} : { upstreamEndpoint }),
    ...(upstreamEndpoints === undefined ? {} : { upstreamEndpoints }),
    balancer,
    maxConnections,
    retries,
    ...resolveOptions(config),
    ...passiveHealthOptions(config),
    ...healthCheckOptions(config),
    ...holdOptions(config),
  };
}

function resolveOptions({ resolve }: WebSocketConfig): Pick<ForwardOptions, 'resolve'> {
  if (resolve === undefined) return {};
  const { interval, srv, servers } = resolve;
  return {
    resolve: {
      intervalMs: interval,
      ...(srv === undefined ? {} : { srv }),
      ...(servers === undefined ? {} : { servers }),
    },
  };
}

function holdOptions({ hold }: WebSocketConfig): Pick<ForwardOptions, 'hold'> {
  if (hold === undefined) return {};
  const { attempts, backoff, bufferBytes, on } = hold;
  const { initial, max, jitter } = backoff;
  return { hold: { attempts, backoff: { initialMs: initial, maxMs: max, jitter }, bufferBytes, on } };
}

function passiveHealthOptions({ passiveHealth }: WebSocketConfig): Pick<ForwardOptions, 'passiveHealth'> {
  if (passiveHealth === undefined) return {};
  const { failures, ejectFor, maxEjected } = passiveHealth;
  return { passiveHealth: { failures, ejectForMs: ejectFor, maxEjected } };
}

function healthCheckOptions({ healthCheck }: WebSocketConfig): Pick<ForwardOptions, 'healthCheck'> {
  if (healthCheck === undefined) return {};
  const { path, interval, timeout, ...rest } = healthCheck;
  return {
    healthCheck: {
      ...rest,
      ...(path === undefined ? {} : { path }),
      intervalMs: interval,
      timeoutMs: timeout,
    },
  };
}
