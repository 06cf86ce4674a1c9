import type { HeaderList } from '../base/header-list.ts';

/** Headers that concern one connection only (RFC 9110 §7.6.1 and what proxies found besides). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

const NEVER_NOMINATED = /^(?:host|authorization|cookie|origin|sec-websocket-.*|x-forwarded-.*)$/;

/** Whether the header, in lower case, concerns one connection only. */
export const isHopByHop = (name: string): boolean => HOP_BY_HOP.has(name);

/** What `Connection` nominates, in lower case. */
export function nominatedBy(headers: HeaderList): string[] {
  const names: string[] = [];
  for (const value of headers.getAll('connection')) {
    for (const name of value.toLowerCase().split(',')) if (name.trim() !== '') names.push(name.trim());
  }
  return names;
}

/** The first header that `Connection` nominates although its removal would change what the request means. */
export function forbiddenNomination(headers: HeaderList): string | null {
  return nominatedBy(headers).find((name) => NEVER_NOMINATED.test(name)) ?? null;
}

/** Tells which headers, in lower case, end here: hop-by-hop ones and those that `Connection` nominates. */
export function hopByHopOf(headers: HeaderList): (name: string) => boolean {
  const nominated = new Set(nominatedBy(headers));
  return (name) => HOP_BY_HOP.has(name) || nominated.has(name);
}
