import type { ForwardOptions, Host } from '../../plugin.ts';
import { readTls } from './read-tls.ts';
import type { WebSocketConfig } from './web-socket-config.ts';

/** The validated options as the gateway's forwarding takes them; files are read. */
export async function forwardOptions(config: WebSocketConfig, host: Host): Promise<ForwardOptions> {
  return {
    upstreamEndpoint: config.upstreamEndpoint,
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
    },
  };
}
