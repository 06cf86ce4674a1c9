import { describe, expect, it } from 'vitest';
import { type Header, HeaderList } from '../base/header-list.ts';
import type { HeaderRules } from './options.ts';
import { prepareRules, upstreamHeaders } from './request-headers.ts';

const apply = (headers: Header[], rules: Partial<HeaderRules> = {}): Header[] => [
  ...upstreamHeaders(new HeaderList(headers), prepareRules({ set: {}, remove: [], ...rules })),
];

describe('upstreamHeaders', () => {
  it('lets headers through in order, with their spelling, repeated ones apart', () => {
    const headers: Header[] = [
      ['Cookie', 'a=1'],
      ['x-Odd', ''],
      ['Cookie', 'b=2'],
    ];
    expect(apply(headers)).toEqual(headers);
  });

  it('removes first and sets then; a set header takes the place of all of its name', () => {
    const headers: Header[] = [
      ['Cookie', 'a=1'],
      ['X-Role', 'admin'],
      ['Origin', 'http://a.test'],
      ['x-role', 'root'],
    ];
    const rules = { set: { 'X-Role': 'user', Cookie: 'b=2', 'X-New': '1' }, remove: ['cookie'] };
    expect(apply(headers, rules)).toEqual([
      ['X-Role', 'user'],
      ['Origin', 'http://a.test'],
      ['Cookie', 'b=2'],
      ['X-New', '1'],
    ]);
  });

  it('drops what the gateway writes itself, whoever put it there', () => {
    const headers: Header[] = [
      ['Host', 'a.test'],
      ['Sec-WebSocket-Key', 'x'],
      ['sec-websocket-anything', 'x'],
      ['Connection', 'close'],
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '5'],
      ['Upgrade', 'h2c'],
      ['Accept', '*/*'],
    ];
    expect(apply(headers)).toEqual([['Accept', '*/*']]);
  });

  it('leaves the list of the exchange as it is', () => {
    const outgoing = new HeaderList([['A', '1']]);
    upstreamHeaders(outgoing, prepareRules({ set: { A: '2' }, remove: [] }));
    expect(outgoing.get('A')).toBe('1');
  });

  it.each(['Sec-WebSocket-Protocol', 'connection', 'TE', 'Host', 'Content-Length'])(
    'has no rule for %s',
    (name) => {
      const refusal: unknown = expect.objectContaining({ code: 'WSFW_CONFIG_INVALID' });
      expect(() => prepareRules({ set: { [name]: 'x' }, remove: [] })).toThrow(refusal);
      expect(() => prepareRules({ set: {}, remove: [name] })).toThrow(refusal);
    },
  );
});
