import type { HeaderList } from '../base/header-list.ts';
import { forbiddenNomination } from './hop-by-hop.ts';

/** As much of a request as its first lines say, checked. */
export interface RequestHead {
  readonly method: string;
  /** In origin form, raw. */
  readonly target: string;
  /** Raw, without query. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  /** `Host` is the effective one: an absolute-form target replaces it (RFC 9112 §3.2.2). */
  readonly headers: HeaderList;
  /** `Host` without port, lower case. */
  readonly hostname: string;
  readonly httpVersion: string;
}

export interface RawRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
}

const ABSOLUTE_FORM = /^(?:https?|wss?):\/\/([^/?#]+)([^#]*)$/i;
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[^\s/?#@\\:[\],"<>]*)(?::\d*)?$/;

/**
 * Reads a request's head; what is wrong with it, as a string, where it is invalid.
 * @param headers as received; `Host` in them becomes the effective one.
 */
export function readHead(request: RawRequest, headers: HeaderList): RequestHead | string {
  const target = readTarget(request.url ?? '', headers);
  if (target === null) return 'the request target is malformed';
  const hostname = readHostname(headers, request.httpVersion);
  if (hostname === null) return 'the request needs exactly one valid Host';
  const nominated = forbiddenNomination(headers);
  if (nominated !== null) return `Connection must not name ${nominated}`;
  if (!hasKnownEnd(headers)) return 'the last Transfer-Encoding is not chunked';
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  if (!isDecodable(path)) return 'the path has malformed percent-encoding';
  const query = question === -1 ? '' : target.slice(question + 1);
  const { method = 'GET', httpVersion } = request;
  return { method, target, path, query, headers, hostname, httpVersion };
}

/** The target in origin form (or `*`). Sets `Host` from an absolute one, unless there are several to replace. */
function readTarget(url: string, headers: HeaderList): string | null {
  if (url.includes('#')) return null;
  if (url.startsWith('/') || url === '*') return url;
  const [, authority, rest] = ABSOLUTE_FORM.exec(url) ?? [];
  if (authority === undefined || rest === undefined) return null;
  if (headers.getAll('host').length <= 1) headers.set('Host', authority);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

// Node leaves this check out for upgrades, and never counts (RFC 9112 §3.2).
function readHostname(headers: HeaderList, httpVersion: string): string | null {
  const [host, ...others] = headers.getAll('host');
  if (others.length > 0) return null;
  if (host === undefined) return httpVersion === '1.0' ? '' : null;
  return HOST.exec(host)?.[1]?.toLowerCase().replace(/\.$/, '') ?? null;
}

// RFC 9112 §6.3: nobody knows where such a body ends. Node would read on until the client ends TCP.
function hasKnownEnd(headers: HeaderList): boolean {
  const codings = headers.getAll('transfer-encoding').join(',');
  return codings === '' || /(?:^|,)[ \t]*chunked[ \t]*$/i.test(codings);
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
