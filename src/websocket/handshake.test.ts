import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptFor, checkAgreement, checkHandshake, keepDeflateOffers } from './handshake.ts';
import { KeyPool } from './key-pool.ts';
import { type HeaderFields, parseExtensionList, parseTokenList } from './tokens.ts';

type Pairs = [string, string][];
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const VALID: Pairs = [
  ['Host', 'gateway'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', KEY],
  ['Sec-WebSocket-Version', '13'],
];

const fieldsOf = (pairs: Pairs): HeaderFields => ({
  getAll: (name) => pairs.filter(([own]) => own.toLowerCase() === name).map(([, value]) => value),
});
const check = (headers: Pairs, method = 'GET', httpVersion = '1.1') =>
  checkHandshake({ method, httpVersion, headers: fieldsOf(headers) });
const without = (name: string): Pairs => VALID.filter(([own]) => own !== name);
const withValue = (name: string, ...values: string[]): Pairs => [
  ...without(name),
  ...values.map((value): [string, string] => [name, value]),
];
const statusOf = (headers: Pairs, method?: string, version?: string) => {
  const verdict = check(headers, method, version);
  return verdict.ok ? 101 : verdict.refusal.status;
};
const tokens = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/);

describe('the opening handshake', () => {
  it('takes the example of RFC 6455', () => {
    expect(acceptFor(KEY)).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(check(VALID)).toEqual({ ok: true, handshake: { key: KEY, subprotocols: [], extensions: '' } });
  });

  it('makes keys that it takes itself, each another one', () => {
    const pool = new KeyPool();
    const keys = Array.from({ length: 600 }, () => pool.next());
    expect(new Set(keys).size).toBe(600);
    for (const key of keys) expect(statusOf(withValue('Sec-WebSocket-Key', key))).toBe(101);
  });

  it('reads Upgrade and Connection as lists in any case', () => {
    const headers = [...without('Connection').filter(([name]) => name !== 'Upgrade')];
    headers.push(['UPGRADE', 'h2c, WebSocket'], ['connection', 'keep-alive'], ['Connection', 'foo ,uPgrade']);
    expect(statusOf(headers)).toBe(101);
  });

  it('asks for an upgrade where there is none, or HTTP/1.0', () => {
    for (const headers of [without('Upgrade'), without('Connection'), withValue('Upgrade', 'h2c')]) {
      expect(statusOf(headers)).toBe(426);
    }
    expect(statusOf(VALID, 'GET', '1.0')).toBe(426);
    expect(check(without('Upgrade'))).toMatchObject({
      refusal: {
        headers: [
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade, close'],
        ],
      },
    });
  });

  it('names version 13 to a client of another version', () => {
    const verdict = check(withValue('Sec-WebSocket-Version', '8'));
    expect(verdict).toMatchObject({ ok: false, refusal: { status: 426 } });
    expect(!verdict.ok && verdict.refusal.headers).toContainEqual(['Sec-WebSocket-Version', '13']);
  });

  it('refuses another method than GET', () => {
    expect(statusOf(VALID, 'POST')).toBe(405);
  });

  const malformed: [string, Pairs][] = [
    ['no Host', without('Host')],
    ['two Hosts', withValue('Host', 'a', 'a')],
    ['no key', without('Sec-WebSocket-Key')],
    ['two keys', withValue('Sec-WebSocket-Key', KEY, KEY)],
    ['a short key', withValue('Sec-WebSocket-Key', 'c2hvcnQ=')],
    ['a key that is not base64', withValue('Sec-WebSocket-Key', '!!!!!!!!!!!!!!!!!!!!!!==')],
    ['an empty key', withValue('Sec-WebSocket-Key', '')],
    ['no version', without('Sec-WebSocket-Version')],
    ['two versions', withValue('Sec-WebSocket-Version', '13', '13')],
    ['a malformed version', withValue('Sec-WebSocket-Version', '13, 8')],
    ['a version with a leading zero', withValue('Sec-WebSocket-Version', '013')],
    ['a body', withValue('Content-Length', '5')],
    ['a transfer coding', withValue('Transfer-Encoding', 'chunked')],
    ['an empty subprotocol list', withValue('Sec-WebSocket-Protocol', '')],
    ['a malformed subprotocol', withValue('Sec-WebSocket-Protocol', 'a b')],
    ['a subprotocol offered twice', withValue('Sec-WebSocket-Protocol', 'chat', 'chat')],
    ['a malformed extension', withValue('Sec-WebSocket-Extensions', 'permessage-deflate; =3')],
    ['an extension with an open quote', withValue('Sec-WebSocket-Extensions', 'x; a="b')],
    ['an empty extension list', withValue('Sec-WebSocket-Extensions', ',')],
  ];
  it.each(malformed)('refuses %s with 400', (_, headers) => {
    expect(statusOf(headers)).toBe(400);
  });

  it('takes an empty body that says so', () => {
    expect(statusOf(withValue('Content-Length', '0'))).toBe(101);
  });

  it('hands on subprotocols and extensions of several lines in order', () => {
    const headers: Pairs = [
      ...VALID,
      ['Sec-WebSocket-Protocol', 'b, a'],
      ['sec-websocket-protocol', 'c'],
      ['Sec-WebSocket-Extensions', 'x-one'],
      ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
    ];
    expect(check(headers)).toMatchObject({
      handshake: {
        subprotocols: ['b', 'a', 'c'],
        extensions: 'x-one, permessage-deflate; client_max_window_bits',
      },
    });
  });

  it('answers any headers with a verdict', () => {
    const names = fc.constantFrom(...VALID.map(([name]) => name), 'Sec-WebSocket-Extensions', 'X-Other');
    const values = fc.oneof(fc.string(), fc.constantFrom(...VALID.map(([, value]) => value)));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 12 }), (headers) => {
        expect([101, 400, 405, 426]).toContain(statusOf(headers));
      }),
    );
  });
});

describe('list headers', () => {
  it('come out as the tokens that went in, whatever the lines and white space', () => {
    const space = fc.stringMatching(/^[ \t]{0,2}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(space, tokens, space, fc.boolean())), (items) => {
        const lines: string[] = [];
        for (const [before, token, after, own] of items) {
          const text = before + token + after;
          if (own || lines.length === 0) lines.push(text);
          else lines.push(`${lines.pop() ?? ''},${text}`);
        }
        expect(parseTokenList(lines)).toEqual(items.map(([, token]) => token));
      }),
    );
  });

  it('keep commas and semicolons inside a quoted string from cutting it', () => {
    expect(parseExtensionList(['x; a="b,c"'])).toBeNull();
    expect(parseExtensionList(['x; a="b\\c"; d , y'])).toEqual([
      {
        name: 'x',
        params: [
          ['a', 'bc'],
          ['d', null],
        ],
        text: 'x; a="b\\c"; d',
      },
      { name: 'y', params: [], text: 'y' },
    ]);
  });
});

describe('keepDeflateOffers', () => {
  it('drops offers of other extensions and leaves the rest as sent', () => {
    const offers = 'x-zip; a=1, permessage-deflate;  client_max_window_bits ,foo,permessage-deflate';
    expect(keepDeflateOffers(offers)).toBe('permessage-deflate;  client_max_window_bits, permessage-deflate');
    expect(keepDeflateOffers('x-webkit-deflate-frame')).toBe('');
    expect(keepDeflateOffers('')).toBe('');
  });

  it('changes nothing the second time', () => {
    const offer = fc.tuple(
      fc.oneof(tokens, fc.constant('permessage-deflate')),
      fc.array(tokens, { maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(offer), (offers) => {
        const kept = keepDeflateOffers(
          offers.map(([name, params]) => [name, ...params].join('; ')).join(', '),
        );
        expect(keepDeflateOffers(kept)).toBe(kept);
        const wanted = offers.filter(([name]) => name === 'permessage-deflate').length;
        expect(parseExtensionList([kept])).toHaveLength(wanted);
      }),
    );
  });
});

describe('what an upstream agrees to', () => {
  const agree = (extra: Pairs, extensions = '', subprotocols: string[] = []) => {
    const fields: Pairs = [
      ['Upgrade', 'WebSocket'],
      ['Connection', 'upgrade'],
      ['Sec-WebSocket-Accept', acceptFor(KEY)],
    ];
    const names = new Set(extra.map(([name]) => name));
    const headers = [...fields.filter(([name]) => !names.has(name)), ...extra];
    return checkAgreement(fieldsOf(headers), { key: KEY, subprotocols, extensions });
  };
  const agreesTo = (answer: string, offered: string) =>
    agree([['Sec-WebSocket-Extensions', answer]], offered).ok;

  it('is taken over as sent', () => {
    const extra: Pairs = [
      ['Sec-WebSocket-Protocol', 'chat'],
      ['Sec-WebSocket-Extensions', 'permessage-deflate; server_no_context_takeover'],
    ];
    expect(agree(extra, 'permessage-deflate', ['old', 'chat'])).toEqual({
      ok: true,
      agreement: { subprotocol: 'chat', extensions: 'permessage-deflate; server_no_context_takeover' },
    });
    expect(agree([])).toEqual({ ok: true, agreement: { subprotocol: '', extensions: '' } });
  });

  const invalid: [string, Pairs][] = [
    ['another protocol to upgrade to', [['Upgrade', 'h2c']]],
    ['a Connection that does not upgrade', [['Connection', 'keep-alive']]],
    ['the accept value of another key', [['Sec-WebSocket-Accept', acceptFor(new KeyPool().next())]]],
    [
      'an accept value twice',
      [
        ['Sec-WebSocket-Accept', acceptFor(KEY)],
        ['Sec-WebSocket-Accept', acceptFor(KEY)],
      ],
    ],
    ['a subprotocol nobody offered', [['Sec-WebSocket-Protocol', 'other']]],
    ['a subprotocol in another case', [['Sec-WebSocket-Protocol', 'Chat']]],
    ['two subprotocols', [['Sec-WebSocket-Protocol', 'chat, old']]],
    ['an empty subprotocol', [['Sec-WebSocket-Protocol', '']]],
    ['an extension nobody offered', [['Sec-WebSocket-Extensions', 'x-zip']]],
    ['compression nobody offered', [['Sec-WebSocket-Extensions', 'permessage-deflate']]],
  ];
  it.each(invalid)('is refused with %s', (_, extra) => {
    expect(agree(extra, '', ['chat', 'old']).ok).toBe(false);
  });

  it.each([
    ['permessage-deflate', 'permessage-deflate'],
    ['permessage-deflate; server_max_window_bits=10; client_no_context_takeover', 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits=9', 'permessage-deflate; client_max_window_bits'],
    ['permessage-deflate; client_max_window_bits="9"', 'permessage-deflate; client_max_window_bits=10'],
    ['permessage-deflate; server_max_window_bits=8', 'permessage-deflate; server_max_window_bits=9'],
    ['permessage-deflate', 'permessage-deflate; server_no_context_takeover, permessage-deflate'],
  ])('%s fits the offer %s', (answer, offered) => {
    expect(agreesTo(answer, offered)).toBe(true);
  });

  it.each([
    ['permessage-deflate; client_max_window_bits=9', 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate; client_max_window_bits'],
    ['permessage-deflate; client_max_window_bits=11', 'permessage-deflate; client_max_window_bits=10'],
    ['permessage-deflate; server_max_window_bits=11', 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate; server_max_window_bits=7', 'permessage-deflate'],
    ['permessage-deflate; server_max_window_bits=010', 'permessage-deflate'],
    ['permessage-deflate', 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate', 'permessage-deflate; server_no_context_takeover'],
    ['permessage-deflate', 'permessage-deflate; made_up'],
    ['permessage-deflate; made_up', 'permessage-deflate'],
    ['permessage-deflate; server_no_context_takeover=1', 'permessage-deflate'],
    ['permessage-deflate; server_no_context_takeover; server_no_context_takeover', 'permessage-deflate'],
    ['permessage-deflate, permessage-deflate', 'permessage-deflate'],
    ['', 'permessage-deflate'],
    ['permessage-deflate; "x', 'permessage-deflate'],
  ])('%s does not fit the offer %s', (answer, offered) => {
    expect(agreesTo(answer, offered)).toBe(false);
  });
});
