import { hash } from 'node:crypto';
import { extensionFault } from './deflate.ts';
import { type HeaderFields, isToken, namesToken, parseExtensionList, parseTokenList } from './tokens.ts';

export { keepDeflateOffers } from './deflate.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const VERSION = /^(?:0|[1-9]\d{0,2})$/;

/** As much of a request as an opening handshake is made of. */
export interface HandshakeRequest {
  readonly method: string;
  /** `1.1` */
  readonly httpVersion: string;
  readonly headers: HeaderFields;
}

/** A client's valid opening handshake (RFC 6455 §4.2.1). */
export interface Handshake {
  readonly key: string;
  /** Offered subprotocols, in the client's order. */
  readonly subprotocols: readonly string[];
  /** `Sec-WebSocket-Extensions`, its lines joined; `''` for none. Well-formed. */
  readonly extensions: string;
}

/** What to answer to a request that is not a valid opening handshake. */
export interface HandshakeRefusal {
  readonly status: 400 | 405 | 426;
  readonly detail: string;
  readonly headers: readonly (readonly [string, string])[];
}

export type HandshakeVerdict =
  | { readonly ok: true; readonly handshake: Handshake }
  | { readonly ok: false; readonly refusal: HandshakeRefusal };

/** What a server agreed to in its 101. */
export interface Agreement {
  /** `''` for none. */
  readonly subprotocol: string;
  /** `Sec-WebSocket-Extensions` as sent, `''` for none. */
  readonly extensions: string;
}

export type AgreementVerdict =
  | { readonly ok: true; readonly agreement: Agreement }
  | { readonly ok: false; readonly detail: string };

/** `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2, step 5.4). */
export const acceptFor = (key: string): string => hash('sha1', key + GUID, 'base64');

/** Checks a client's opening handshake (RFC 6455 §4.2.1). */
export function checkHandshake(request: HandshakeRequest): HandshakeVerdict {
  const refusal = refuseUpgrade(request) ?? refuseVersion(request.headers) ?? refuseFields(request.headers);
  if (refusal !== null) return { ok: false, refusal };
  const { headers } = request;
  const [key = ''] = headers.getAll('sec-websocket-key');
  const subprotocols = parseTokenList(headers.getAll('sec-websocket-protocol')) ?? [];
  const extensions = headers.getAll('sec-websocket-extensions').join(', ');
  return { ok: true, handshake: { key, subprotocols, extensions } };
}

/** Whether the request asks to become a WebSocket at all, in any state: `Upgrade` and `Connection` say so. */
export function asksForWebSocket(headers: HeaderFields): boolean {
  return (
    namesToken(headers.getAll('upgrade'), 'websocket') && namesToken(headers.getAll('connection'), 'upgrade')
  );
}

const malformed = (detail: string): HandshakeRefusal => ({ status: 400, detail, headers: [] });

const UPGRADE_REQUIRED = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade, close'],
] as const;

function refuseUpgrade({ method, httpVersion, headers }: HandshakeRequest): HandshakeRefusal | null {
  // HTTP/1.0 knows no Upgrade (RFC 9110 §7.8).
  if (httpVersion !== '1.1' || !asksForWebSocket(headers)) {
    return { status: 426, detail: 'this address speaks WebSocket only', headers: UPGRADE_REQUIRED };
  }
  if (method === 'GET') return null;
  return { status: 405, detail: 'a WebSocket handshake is a GET request', headers: [['Allow', 'GET']] };
}

function refuseVersion(headers: HeaderFields): HandshakeRefusal | null {
  const versions = headers.getAll('sec-websocket-version');
  const refusal = refuseCount('Sec-WebSocket-Version', versions);
  const [version = ''] = versions;
  if (refusal !== null || version === '13') return refusal;
  if (!VERSION.test(version)) return malformed('Sec-WebSocket-Version is malformed');
  // RFC 6455 §4.4: name the version that would do.
  const required = [...UPGRADE_REQUIRED, ['Sec-WebSocket-Version', '13'] as const];
  return { status: 426, detail: 'this address speaks version 13 of WebSocket only', headers: required };
}

function refuseFields(headers: HeaderFields): HandshakeRefusal | null {
  const keys = headers.getAll('sec-websocket-key');
  const refusal = refuseCount('Host', headers.getAll('host')) ?? refuseCount('Sec-WebSocket-Key', keys);
  if (refusal !== null) return refusal;
  if (!KEY.test(keys[0] ?? '')) return malformed('Sec-WebSocket-Key is not 16 bytes in base64');
  return refuseBody(headers) ?? refuseOffers(headers);
}

function refuseCount(name: string, values: readonly string[]): HandshakeRefusal | null {
  if (values.length === 1) return null;
  return malformed(values.length === 0 ? `${name} is missing` : `${name} is there more than once`);
}

// A body would be taken for the first bytes of the WebSocket stream.
function refuseBody(headers: HeaderFields): HandshakeRefusal | null {
  if (headers.getAll('transfer-encoding').length > 0) return malformed('a WebSocket handshake has no body');
  if (headers.getAll('content-length').every((length) => /^0+$/.test(length))) return null;
  return malformed('a WebSocket handshake has no body');
}

function refuseOffers(headers: HeaderFields): HandshakeRefusal | null {
  const subprotocols = headers.getAll('sec-websocket-protocol');
  const extensions = headers.getAll('sec-websocket-extensions');
  return (
    (subprotocols.length === 0 ? null : refuseSubprotocols(parseTokenList(subprotocols) ?? [])) ??
    (extensions.length === 0 ? null : refuseExtensions(parseExtensionList(extensions) ?? []))
  );
}

function refuseSubprotocols(offered: readonly string[]): HandshakeRefusal | null {
  if (offered.length === 0) return malformed('Sec-WebSocket-Protocol is malformed');
  if (new Set(offered).size === offered.length) return null;
  return malformed('Sec-WebSocket-Protocol names a subprotocol twice');
}

const refuseExtensions = (offered: readonly unknown[]): HandshakeRefusal | null =>
  offered.length === 0 ? malformed('Sec-WebSocket-Extensions is malformed') : null;

/**
 * Checks the headers of a server's 101 (RFC 6455 §4.1): its own fields, `Sec-WebSocket-Accept` for our key, and
 * that nothing was agreed to that was not offered.
 * @param sent the key and the offers as they went to this server.
 */
export function checkAgreement(headers: HeaderFields, sent: Handshake): AgreementVerdict {
  const values = (name: string) => headers.getAll(name);
  const protocols = values('sec-websocket-protocol');
  const extensions = values('sec-websocket-extensions');
  const detail =
    upgradeFault(values('upgrade'), values('connection')) ??
    acceptFault(values('sec-websocket-accept'), sent.key) ??
    subprotocolFault(protocols, sent.subprotocols) ??
    extensionFault(extensions, sent.extensions);
  if (detail !== null) return { ok: false, detail };
  return { ok: true, agreement: { subprotocol: protocols[0] ?? '', extensions: extensions.join(', ') } };
}

function upgradeFault(upgrade: readonly string[], connection: readonly string[]): string | null {
  if (!namesToken(upgrade, 'websocket')) return 'Upgrade does not name websocket';
  return namesToken(connection, 'upgrade') ? null : 'Connection does not name Upgrade';
}

function acceptFault(accepts: readonly string[], key: string): string | null {
  if (accepts.length !== 1) return 'Sec-WebSocket-Accept is not there exactly once';
  return accepts[0] === acceptFor(key) ? null : 'Sec-WebSocket-Accept does not belong to the key';
}

function subprotocolFault(lines: readonly string[], offered: readonly string[]): string | null {
  const [subprotocol, ...others] = lines;
  if (subprotocol === undefined) return null;
  if (others.length > 0) return 'Sec-WebSocket-Protocol is there more than once';
  if (!isToken(subprotocol)) return 'Sec-WebSocket-Protocol is malformed';
  return offered.includes(subprotocol) ? null : 'a subprotocol was agreed to that was not offered';
}
