import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Header, HeaderList } from './header-list.ts';

const names = fc.constantFrom('Host', 'host', 'HOST', 'X-A', 'x-a', 'X-B');
const headers = fc.array(fc.tuple(names, fc.stringMatching(/^[a-z]{0,3}$/)), { maxLength: 8 });
const isNamed =
  (wanted: string) =>
  ([name]: Header): boolean =>
    name.toLowerCase() === wanted.toLowerCase();

describe('a list of headers', () => {
  it('finds names in any case, in the order of the wire', () => {
    fc.assert(
      fc.property(headers, names, (pairs, name) => {
        const list = HeaderList.fromRaw(pairs.flat());
        const values = pairs.filter(isNamed(name)).map(([, value]) => value);
        expect([...list]).toEqual(pairs);
        expect(list.size).toBe(pairs.length);
        expect(list.getAll(name)).toEqual(values);
        expect(list.get(name)).toBe(values[0]);
        expect(list.has(name)).toBe(values.length > 0);
      }),
    );
  });

  it('sets one in the place of the first and removes the others', () => {
    fc.assert(
      fc.property(headers, names, (pairs, name) => {
        const list = new HeaderList(pairs);
        list.set(name, 'new');
        const first = pairs.findIndex(isNamed(name));
        const kept = pairs.flatMap((pair, at): Header[] => {
          if (at === first) return [[name, 'new']];
          return isNamed(name)(pair) ? [] : [pair];
        });
        expect([...list]).toEqual(first === -1 ? [...kept, [name, 'new']] : kept);
        list.remove(name);
        expect([...list]).toEqual(pairs.filter((pair) => !isNamed(name)(pair)));
      }),
    );
  });

  it('keeps what is wanted, in itself or in a list of its own', () => {
    fc.assert(
      fc.property(headers, (pairs) => {
        const list = new HeaderList(pairs);
        const wanted = pairs.filter(([name, value]) => isNamed('x-a')([name, value]) && value !== '');
        const only = list.only((name, value) => name === 'x-a' && value !== '');
        expect([...only]).toEqual(wanted);
        only.append('X-C', 'more');
        expect([...list]).toEqual(pairs);
        list.filter((name, value) => name === 'x-a' && value !== '');
        expect([...list]).toEqual(wanted);
        expect(list.getAll('X-A')).toEqual(wanted.map(([, value]) => value));
      }),
    );
  });
});
