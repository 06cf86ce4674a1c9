import { WsfwError } from '../base/errors.ts';
import type { Header } from '../base/header-list.ts';
import { isToken } from '../websocket/tokens.ts';

/** An opening handshake towards an upstream. */
export interface UpgradeRequest {
  /** Path and query, raw. */
  readonly target: string;
  /** `Host` */
  readonly host: string;
  readonly subprotocols: readonly string[];
  /** `Sec-WebSocket-Extensions`, `''` for none. */
  readonly extensions: string;
  /** End-to-end headers, in order; none of the handshake's own. */
  readonly headers: Iterable<Header>;
}

// What has no place in a request line: white space and control characters, a line's end above all.
const NOT_IN_TARGET = /[^\x21-\x7e\x80-\xff]/;
// RFC 9110 §5.5. Anything above is not Latin-1 and could turn into something else on its way.
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * The head of an opening handshake (RFC 6455 §4.1) as one string of Latin-1 characters.
 * @throws WsfwError `WSFW_BAD_TARGET` for a target, `WSFW_PLUGIN_THREW` for a header that must not go out: the
 * client's own were checked when they were read, so that only a plugin or an option can have made it.
 */
export function requestHead(request: UpgradeRequest, key: string): string {
  if (NOT_IN_TARGET.test(request.target) || !request.target.startsWith('/')) {
    throw new WsfwError('WSFW_BAD_TARGET', 'the request target has a character that must not go upstream');
  }
  let head =
    `GET ${request.target} HTTP/1.1\r\n${line('Host', request.host)}` +
    `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n`;
  if (request.subprotocols.length > 0)
    head += line('Sec-WebSocket-Protocol', request.subprotocols.join(', '));
  if (request.extensions !== '') head += line('Sec-WebSocket-Extensions', request.extensions);
  for (const [name, value] of request.headers) head += line(name, value);
  return `${head}\r\n`;
}

function line(name: string, value: string): string {
  if (!isToken(name))
    throw new WsfwError('WSFW_PLUGIN_THREW', 'the name of a header to the upstream is malformed');
  if (NOT_IN_VALUE.test(value)) {
    throw new WsfwError(
      'WSFW_PLUGIN_THREW',
      `the header ${name} to the upstream has a character that must not go out`,
    );
  }
  return `${name}: ${value}\r\n`;
}
