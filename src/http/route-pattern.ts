/** How paths compare. */
export interface PathRules {
  /** `/a` is not `/a/`. */
  readonly strictRouting: boolean;
  /** `/Chat` is not `/chat`. */
  readonly caseSensitive: boolean;
}

/** A route's path, taken apart. */
export interface RoutePattern {
  /** What the router matches on: see `canonicalPath`; parameters are `:p`, a wildcard is `*`. */
  readonly canonical: string;
  /** Names of the parameters by the place of their segment. */
  readonly params: readonly (readonly [segment: number, name: string])[];
  /** The segment with which the wildcard begins, or `null`. */
  readonly wildcard: number | null;
}

/** Of nothing but what stands for itself: most paths are. */
const PLAIN = /^[A-Za-z0-9_~.\-/]*$/;

const PARAM = /^:([A-Za-z_][A-Za-z0-9_]*)$/;

/** What is wrong with a route's path, or `null`. */
export function pathFault(path: string): string | null {
  if (!path.startsWith('/')) return 'a path begins with /';
  if (/[?#\s]/.test(path)) return 'a path has no query, no fragment and no white space';
  const segments = path.split('/').slice(1);
  const names = new Set<string>();
  for (const [i, segment] of segments.entries()) {
    if (segment === '*' && i === segments.length - 1) continue;
    if (segment.includes('*')) return '* stands for whole segments, at the end of a path: /ws/*';
    const name = PARAM.exec(segment)?.[1];
    if (name === undefined && segment.includes(':')) return 'a parameter is a whole segment: /rooms/:id';
    if (name !== undefined && names.has(name)) return `the parameter :${name} is there twice`;
    if (name !== undefined) names.add(name);
    if (decodeSegment(segment) === null) return 'the percent-encoding is malformed';
  }
  return null;
}

/** Takes a valid path apart. */
export function parsePattern(path: string, rules: PathRules): RoutePattern {
  const segments = path.split('/').slice(1);
  const params: [number, string][] = [];
  let wildcard: number | null = null;
  const canonical = segments.map((segment, i) => {
    const name = PARAM.exec(segment)?.[1];
    if (name !== undefined) {
      params.push([i, name]);
      // `+`: a parameter has at least one character.
      return `:p${i}(.+)`;
    }
    if (segment === '*') {
      wildcard = i;
      return '*';
    }
    return canonicalSegment(segment, rules) ?? '';
  });
  return { canonical: `/${canonical.join('/')}`, params, wildcard };
}

/**
 * A path in the alphabet `[A-Za-z0-9_~.-]`, `/` and `=` as escape: percent-encoding no longer matters, an encoded `/`
 * stays inside its segment, and nothing in it means anything to the router. `null` when the encoding is malformed.
 */
export function canonicalPath(path: string, rules: PathRules): string | null {
  if (PLAIN.test(path)) return rules.caseSensitive ? path : path.toLowerCase();
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    const canonical = canonicalSegment(segment, rules);
    if (canonical === null) return null;
    segments.push(canonical);
  }
  return segments.join('/');
}

/** The parameters of a matching path, cut from it raw. */
export function cutParams(pattern: RoutePattern, path: string): Record<string, string> {
  // No prototype: a parameter may be called `constructor`.
  const params: Record<string, string> = Object.create(null) as Record<string, string>;
  if (pattern.params.length === 0 && pattern.wildcard === null) return params;
  const segments = path.split('/').slice(1);
  for (const [i, name] of pattern.params) params[name] = segments[i] ?? '';
  if (pattern.wildcard !== null) params['*'] = segments.slice(pattern.wildcard).join('/');
  return params;
}

function canonicalSegment(segment: string, { caseSensitive }: PathRules): string | null {
  const decoded = decodeSegment(segment);
  if (decoded === null) return null;
  const folded = caseSensitive ? decoded : decoded.toLowerCase();
  return folded.replace(/[^A-Za-z0-9_~.-]/gu, (character) => `=${character.codePointAt(0)?.toString(16)}=`);
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
