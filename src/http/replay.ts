import type { IncomingMessage } from 'node:http';
import { HeaderList } from '../base/header-list.ts';
import { nominatedBy } from './hop-by-hop.ts';

/**
 * A request's head, written again without what asks for an upgrade: an `Upgrade` may be ignored (RFC 9110 §7.8), and
 * the request is then served like any other.
 */
export function headWithoutUpgrade(request: IncomingMessage): Buffer {
  const headers = HeaderList.fromRaw(request.rawHeaders);
  const options = nominatedBy(headers).filter((name) => name !== 'upgrade' && name !== 'http2-settings');
  headers.filter((name) => name !== 'upgrade' && name !== 'http2-settings' && name !== 'connection');
  if (options.length > 0) headers.append('Connection', options.join(', '));
  let head = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  return Buffer.from(`${head}\r\n`, 'latin1');
}
