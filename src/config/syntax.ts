import { isIP, isIPv6 } from 'node:net';

/** What a syntax check says: the value as the gateway uses it, or what is wrong with it. */
export type Syntax<T> = { readonly value: T } | { readonly wrong: string };

export const ADDRESS_EXPECTED = 'expected host:port, such as 127.0.0.1:8090, :8090 or [::1]:8090';
const ADDRESS = /^(?:\[(?<v6>[^\]]*)\]|(?<host>[A-Za-z0-9._-]*)):(?<port>\d{1,5})$/;

/** `host:port`, `:port` for every IPv4 address of the machine, `[::1]:port`. */
export function parseAddress(text: string): Syntax<{ readonly host: string; readonly port: number }> {
  const parts = ADDRESS.exec(text)?.groups;
  if (parts === undefined) return { wrong: ADDRESS_EXPECTED };
  const port = Number(parts['port']);
  if (port > 65535) return { wrong: 'expected a port from 0 to 65535' };
  const v6 = parts['v6'];
  if (v6 === undefined) return { value: { host: parts['host'] || '0.0.0.0', port } };
  return isIPv6(v6) ? { value: { host: v6, port } } : { wrong: 'expected an IPv6 address between [ and ]' };
}

/** An IP address, or a range of them as CIDR. */
export function parseRange(text: string): Syntax<string> {
  const [address = '', bits, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  const inRange =
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
  if (version !== 0 && inRange && rest.length === 0) return { value: text };
  return { wrong: 'expected an IP address or a range such as 10.0.0.0/8' };
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?';
const HOST = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);

/** A host name, `*.example.com` for all below it, or an IP address; in lower case, without a port. */
export function parseHost(text: string): Syntax<string> {
  const host = text.toLowerCase();
  if (HOST.test(host) || isIP(host) !== 0) return { value: host };
  return { wrong: 'expected a host name without a port, such as example.com or *.example.com' };
}

/** `/a/b`, `/rooms/:id`, `/ws/*`: whole segments only, the wildcard last. */
export function parseRoutePath(text: string): Syntax<string> {
  const wrong = wrongWithPath(text);
  return wrong === undefined ? { value: text } : { wrong };
}

function wrongWithPath(path: string): string | undefined {
  if (!path.startsWith('/')) return 'expected a path that starts with /';
  if (/[?#]/.test(path)) return 'expected a path without query or fragment';
  if (!/^[\x21-\x7e]*$/.test(path))
    return 'expected a path of visible ASCII characters; percent-encode the others';
  const segments = path.slice(1).split('/');
  const names = segments.filter((segment) => segment.startsWith(':'));
  if (segments.slice(0, -1).some((segment) => segment.includes('*')) || /[^/]\*|\*./.test(path)) {
    return 'expected * only as the whole last segment, as in /ws/*';
  }
  if (names.some((name) => !/^:[A-Za-z_][A-Za-z0-9_]*$/.test(name)) || /[^/]:/.test(path)) {
    return 'expected parameters as whole segments, as in /rooms/:id';
  }
  return new Set(names).size === names.length
    ? undefined
    : 'expected every parameter to have a name of its own';
}

/** A path that stands for itself only. */
export function parseStaticPath(text: string): Syntax<string> {
  if (/[:*]/.test(text)) return { wrong: 'expected a path without parameters and wildcards' };
  return parseRoutePath(text);
}

/** The kinds of components that a plugin may bring. */
export type ComponentKind = 'middlewares' | 'actions' | 'storages';

const USE =
  /^plugins\.(?<plugin>[A-Za-z][A-Za-z0-9_-]*)\.(?<kind>middlewares|actions|storages)\.(?<name>[A-Za-z_$][\w$]*)$/;

/** `plugins.<plugin>.<kind>.<Component>`; whether it exists is for the plugins to say. */
export function parseUse(text: string, kind: ComponentKind): Syntax<string> {
  const parts = USE.exec(text)?.groups;
  if (parts === undefined) return { wrong: `expected plugins.<plugin>.${kind}.<Component>` };
  if (parts['kind'] !== kind)
    return { wrong: `expected one of a plugin's ${kind}: plugins.<plugin>.${kind}.<Component>` };
  return { value: text };
}
