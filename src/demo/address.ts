/** Where a gateway listens, as it is bound. */
export interface BoundAddress {
  readonly host: string;
  readonly port: number;
  /** Whether it speaks TLS. */
  readonly encrypted: boolean;
}

/** Bound to any or to loopback, a gateway is reached from its own machine as `localhost`. */
const LOCAL = new Set(['', '0.0.0.0', '127.0.0.1', '::', '::1', 'localhost']);

/** The WebSocket address under which a browser on the same machine reaches a path of the gateway. */
export function browserAddress({ host, port, encrypted }: BoundAddress, path: string): string {
  const name = LOCAL.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${encrypted ? 'wss' : 'ws'}://${name}:${port}${path}`;
}
