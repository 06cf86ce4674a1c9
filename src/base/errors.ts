/**
 * Every error that the gateway makes: its code, which users may match on, what it means, and the HTTP status
 * that a client gets when the error ends its handshake.
 */
export const ERRORS = {
  WSFW_CONFIG_INVALID: { what: 'the configuration has problems', status: null },
  WSFW_CONFIG_NOT_FOUND: { what: 'there is no configuration at the given path', status: null },
  WSFW_ADDRESS_IN_USE: { what: 'another process listens on the address', status: null },
  WSFW_ADDRESS_UNAVAILABLE: { what: 'the address cannot be listened on', status: null },
  WSFW_TLS_FILE: { what: 'a certificate or key cannot be read or used', status: null },
  WSFW_PLUGIN_LOAD: { what: 'a plugin cannot be loaded', status: null },
  WSFW_PLUGIN_BUILD: { what: 'a component of a plugin cannot be built', status: null },
  WSFW_PLUGIN_THREW: { what: 'a plugin threw while it served a request', status: 500 },
  WSFW_ANSWERED_TWICE: { what: 'a request was answered a second time', status: 500 },
  WSFW_CLIENT_LEFT: { what: 'the client left before it was answered', status: null },
  WSFW_BAD_TARGET: { what: 'the request target cannot be mapped to the upstream', status: 400 },
  WSFW_OVERLOADED: {
    what: 'too many handshakes are under way, or the machine is out of ports or descriptors',
    status: 503,
  },
  WSFW_NOT_STARTED: { what: 'the gateway was not started', status: null },
  WSFW_DRAINING: { what: 'the gateway is shutting down', status: 503 },
  WSFW_NO_ENDPOINT: {
    what: 'no endpoint can take the connection: all are full, out of service, or not to be found',
    status: 503,
  },
  WSFW_UPSTREAM_UNREACHABLE: { what: 'the upstream refused or reset the connection', status: 502 },
  WSFW_UPSTREAM_TLS: { what: "the upstream's certificate or TLS handshake failed", status: 502 },
  WSFW_UPSTREAM_INVALID: {
    what: 'the upstream answered with something that is not a valid handshake',
    status: 502,
  },
  WSFW_UPSTREAM_CONNECT_TIMEOUT: { what: 'the upstream did not take the connection in time', status: 504 },
  WSFW_UPSTREAM_HANDSHAKE_TIMEOUT: { what: 'the upstream did not answer the handshake in time', status: 504 },
} as const satisfies Record<string, { what: string; status: number | null }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error of the gateway's own. Match on `code`; the message is for people. */
export class WsfwError extends Error {
  readonly code: ErrorCode;
  override readonly name: string = 'WsfwError';

  constructor(code: ErrorCode, message?: string, options?: ErrorOptions) {
    super(message ?? ERRORS[code].what, options);
    this.code = code;
  }

  /** The HTTP status that a client gets when this error ends its handshake, or `null` when no client is concerned. */
  get status(): number | null {
    return ERRORS[this.code].status;
  }
}
