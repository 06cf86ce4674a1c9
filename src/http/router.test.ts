import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter, findConflicts, type PathRules, type Routable } from './router.ts';

const LOOSE: PathRules = { strictRouting: false, caseSensitive: false };
const STRICT: PathRules = { strictRouting: true, caseSensitive: true };

type Given = string | Partial<Routable>;
const routesOf = (given: Given[]): Routable[] =>
  given.map((one) => {
    const some = typeof one === 'string' ? { path: one } : one;
    const base = { path: '/', methods: ['GET'], host: null };
    return { name: some.path ?? '/', ...base, ...some };
  });
const build = (given: Given[], rules = LOOSE) => createRouter(routesOf(given), rules);
const nameAt = (given: Given[], path: string, rules = LOOSE, method = 'GET', host = 'any') => {
  const found = build(given, rules).find({ method, path, host });
  return 'route' in found ? found.route.name : found.allow;
};
const paramsAt = (pattern: string, path: string) => {
  const found = build([pattern]).find({ method: 'GET', path, host: 'any' });
  return 'route' in found ? { ...found.params } : null;
};

describe('the router', () => {
  it('takes the most specific path whatever the order', () => {
    const all = ['/*', '/ws/*', '/ws/:room', '/ws/lobby', '/ws/:room/chat'];
    for (const order of [all, all.toReversed()]) {
      expect(nameAt(order, '/ws/lobby')).toBe('/ws/lobby');
      expect(nameAt(order, '/ws/other')).toBe('/ws/:room');
      expect(nameAt(order, '/ws/other/chat')).toBe('/ws/:room/chat');
      expect(nameAt(order, '/ws/other/else')).toBe('/ws/*');
      expect(nameAt(order, '/elsewhere')).toBe('/*');
    }
  });

  it('lets a wildcard take what is below its slash, not what is above it', () => {
    for (const rules of [LOOSE, STRICT]) {
      expect(nameAt(['/ws/*'], '/ws', rules)).toEqual([]);
      expect(nameAt(['/ws/*'], '/ws/', rules)).toBe('/ws/*');
      expect(nameAt(['/ws/*'], '/ws/a/b/', rules)).toBe('/ws/*');
    }
    expect(nameAt(['/*'], '/')).toBe('/*');
  });

  it('ignores case and a trailing slash unless told otherwise', () => {
    expect(nameAt(['/Chat'], '/chat/')).toBe('/Chat');
    expect(nameAt(['/chat/'], '/CHAT')).toBe('/chat/');
    expect(nameAt(['/rooms/:id'], '/ROOMS/x/')).toBe('/rooms/:id');
    expect(nameAt(['/chat'], '/chat/', STRICT)).toEqual([]);
    expect(nameAt(['/chat'], '/Chat', STRICT)).toEqual([]);
    expect(nameAt(['/chat', '/chat/'], '/chat/', STRICT)).toBe('/chat/');
  });

  it('neither cuts at a semicolon nor collapses slashes', () => {
    expect(nameAt(['/a;v=1'], '/a;v=1')).toBe('/a;v=1');
    expect(nameAt(['/a'], '/a;v=1')).toEqual([]);
    expect(nameAt(['/a/b'], '/a//b')).toEqual([]);
    expect(nameAt(['/a'], '//a')).toEqual([]);
  });

  it('compares paths decoded, with an encoded slash inside its segment', () => {
    expect(nameAt(['/chat'], '/ch%61t')).toBe('/chat');
    expect(nameAt(['/a/b'], '/a%2Fb')).toEqual([]);
    expect(nameAt(['/a%20b'], '/a%20b')).toBe('/a%20b');
    expect(nameAt(['/grün'], '/gr%C3%BCn')).toBe('/grün');
    expect(nameAt(['/a'], '/=61=')).toEqual([]);
  });

  it('cuts parameters from the raw path', () => {
    expect(paramsAt('/rooms/:id', '/rooms/a%2Fb')).toEqual({ id: 'a%2Fb' });
    expect(paramsAt('/rooms/:id', '/rooms/A;b=%C3%BC/')).toEqual({ id: 'A;b=%C3%BC' });
    expect(paramsAt('/:a/x/:b', '/1/X/2')).toEqual({ a: '1', b: '2' });
    expect(paramsAt('/ws/*', '/ws/a//b%20/')).toEqual({ '*': 'a//b%20/' });
    expect(paramsAt('/ws/*', '/ws/')).toEqual({ '*': '' });
    expect(paramsAt('/:constructor', '/x')).toEqual({ constructor: 'x' });
    expect(paramsAt('/rooms/:id', `/rooms/${'x'.repeat(9000)}`)).toEqual({ id: 'x'.repeat(9000) });
  });

  it('wants something where a parameter stands', () => {
    expect(nameAt(['/rooms/:id'], '/rooms/')).toEqual([]);
    expect(nameAt(['/rooms/:id/x'], '/rooms//x')).toEqual([]);
  });

  it('names the methods with which a route would take the request', () => {
    const given: Given[] = [
      { path: '/a', methods: ['GET', 'POST'] },
      { path: '/:x', methods: ['PUT'] },
    ];
    expect(nameAt(given, '/a', LOOSE, 'DELETE')).toEqual(['GET', 'POST', 'PUT']);
    expect(nameAt(given, '/a', LOOSE, 'PUT')).toBe('/:x');
    expect(nameAt(given, '/a/b', LOOSE, 'GET')).toEqual([]);
  });

  it('takes any method where a route says all, but a named one first', () => {
    const given: Given[] = [
      { name: 'any', path: '/a', methods: ['*'] },
      { name: 'get', path: '/a', methods: ['GET'] },
    ];
    expect(nameAt(given, '/a', LOOSE, 'GET')).toBe('get');
    expect(nameAt(given, '/a', LOOSE, 'POST')).toBe('any');
    expect(nameAt(given, '/a', LOOSE, 'WHATEVER')).toBe('any');
  });

  it('prefers the exact host, then the longest suffix, then any', () => {
    const given: Given[] = [null, '*.example.com', '*.eu.example.com', 'a.eu.example.com'].map((host) => ({
      name: String(host),
      path: '/a',
      host,
    }));
    const at = (host: string) => nameAt(given, '/a', LOOSE, 'GET', host);
    expect(at('a.eu.example.com')).toBe('a.eu.example.com');
    expect(at('b.eu.example.com')).toBe('*.eu.example.com');
    expect(at('x.example.com')).toBe('*.example.com');
    expect(at('example.com')).toBe('null');
    expect(at('badexample.com')).toBe('null');
  });

  it.each<[string, Given[]]>([
    [
      'parameters of another name',
      [
        { name: 'one', path: '/:a/x' },
        { name: 'two', path: '/:b/x' },
      ],
    ],
    [
      'a trailing slash',
      [
        { name: 'one', path: '/a' },
        { name: 'two', path: '/a/' },
      ],
    ],
    [
      'another case',
      [
        { name: 'one', path: '/a' },
        { name: 'two', path: '/A' },
      ],
    ],
    [
      'another encoding',
      [
        { name: 'one', path: '/a' },
        { name: 'two', path: '/%61' },
      ],
    ],
    [
      'one method in common',
      [
        { name: 'one', path: '/a', methods: ['GET', 'PUT'] },
        { name: 'two', path: '/a', methods: ['PUT'] },
      ],
    ],
    [
      'all methods twice',
      [
        { name: 'one', path: '/a', methods: ['*'] },
        { name: 'two', path: '/a', methods: ['*'] },
      ],
    ],
  ])('refuses two routes that differ by %s only, and names both', (_, given) => {
    expect(() => build(given)).toThrow(/one .* and two /);
    expect(findConflicts(routesOf(given), LOOSE)).toHaveLength(1);
  });

  it.each(['ws', '/a*', '/*/a', '/:', '/:a-:b', '/a:b', '/:x/:x', '/a?b', '/%zz'])(
    'refuses the path %s',
    (path) => {
      expect(() => build([path])).toThrow(/route/);
    },
  );

  it('never throws, whatever the path', () => {
    const router = build(['/*', '/a/:b', '/ws/*', '/İ/:x']);
    const paths = fc.oneof(fc.string(), fc.string({ unit: 'binary' })).map((path) => `/${path}`);
    fc.assert(
      fc.property(paths, (path) => {
        const found = router.find({ method: 'GET', path, host: 'x' });
        if ('allow' in found) expect(() => decodeURIComponent(path)).toThrow();
      }),
    );
  });

  it('finds the same route as a plain comparison of segments does', () => {
    const word = fc.constantFrom('a', 'b', ':x', ':y');
    const path = fc.tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.boolean());
    const asked = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(path, { maxLength: 6 }), asked, (patterns, segments) => {
        const given = patterns.map(([words, wild]) => {
          const named = words.map((one, i) => (one.startsWith(':') ? `:p${i}` : one));
          return `/${[...named, ...(wild ? ['*'] : [])].join('/')}`;
        });
        const unique = [...new Set(given)];
        expect(nameAt(unique, `/${segments.join('/')}`)).toEqual(plainly(unique, segments));
      }),
    );
  });
});

function plainly(patterns: string[], segments: string[]): string | string[] {
  const rank = (pattern: string) =>
    pattern
      .split('/')
      .slice(1)
      .map((part) => (part === '*' ? 2 : part.startsWith(':') ? 1 : 0))
      .join('');
  const fits = (pattern: string) => {
    const parts = pattern.split('/').slice(1);
    const wild = parts.at(-1) === '*';
    const own = wild ? parts.slice(0, -1) : parts;
    if (wild ? segments.length <= own.length : segments.length !== own.length) return false;
    return own.every((part, i) => part.startsWith(':') || part === segments[i]);
  };
  const fitting = patterns.filter(fits);
  return fitting.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0] ?? [];
}
