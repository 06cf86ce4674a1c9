import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Origin } from './config.ts';
import { validate } from './validate.ts';
import { byteSize, duration, noConfig, secret } from './values.ts';

const PATH = ['actions', 'A', 'config'];
const NOWHERE: Origin = { places: {} };

/** Every problem as `key: message`, the key below the component's own configuration. */
async function problemsOf(
  schema: StandardSchemaV1,
  value: unknown,
  origin: Origin = NOWHERE,
): Promise<string[]> {
  const { problems = [] } = await validate(schema, value, PATH, origin);
  return problems.map(({ path, message }) => `${path.slice(PATH.length).join('.')}: ${message}`);
}

/** Whatever another library might make of Standard Schema. */
const foreign = (issues: readonly StandardSchemaV1.Issue[], jsonSchema?: object): StandardSchemaV1 => {
  const standard = { version: 1, vendor: 'other', validate: () => ({ issues }) } as const;
  const converter = { jsonSchema: { input: () => jsonSchema, output: () => jsonSchema } };
  return { '~standard': jsonSchema === undefined ? standard : { ...standard, ...converter } };
};

const schema = z.strictObject({
  pingInterval: duration().prefault('0'),
  endpoint: z.string(),
  size: byteSize().optional(),
  mode: z.enum(['fast', 'safe']).optional(),
  count: z.int().min(1).max(9).optional(),
  share: z.number().gt(0).optional(),
  debug: z.boolean().optional(),
  key: secret().optional(),
  url: z.url().optional(),
  names: z.array(z.string().min(2)).max(2).optional(),
  rules: z.record(z.string(), z.strictObject({ allow: z.boolean() })).optional(),
  either: z.union([z.string(), z.number()]).optional(),
  prefixed: z.string().startsWith('x-').optional(),
  kinds: z.record(z.string().max(3), z.number()).optional(),
  check: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('tcp'), port: z.int() }),
      z.strictObject({ kind: z.literal('http'), path: z.string() }),
    ])
    .optional(),
});

describe('validate', () => {
  it('hands over what the schema makes of the value', async () => {
    expect(await validate(schema, { endpoint: 'a', pingInterval: '10s' }, PATH, NOWHERE)).toEqual({
      value: { endpoint: 'a', pingInterval: 10_000 },
    });
  });

  it('takes nothing for an empty map', async () => {
    expect(await validate(noConfig, undefined, PATH, NOWHERE)).toEqual({ value: {} });
    expect(await problemsOf(schema, null)).toEqual(['endpoint: required']);
  });

  it.each([
    [{ pingIntervall: '1s' }, 'pingIntervall: unknown option. Did you mean pingInterval?'],
    [
      { banana: 1 },
      'banana: unknown option. Known: pingInterval, endpoint, size, mode, count, share, debug, key, url, names, rules, either, prefixed, kinds, check',
    ],
    [{ pingInterval: 10 }, 'pingInterval: found 10, expected a duration with its unit: write 10s'],
    [{ pingInterval: true }, 'pingInterval: found true, expected a duration such as 30s'],
    [{ pingInterval: null }, 'pingInterval: found nothing, expected a duration such as 30s'],
    [{ size: '1 MB' }, 'size: found "1 MB", expected a size such as 512, 64KiB or 1MiB'],
    [{ mode: 'fsat' }, 'mode: found "fsat", expected one of fast, safe. Did you mean fast?'],
    [{ mode: 'slow' }, 'mode: found "slow", expected one of fast, safe'],
    [{ count: 0 }, 'count: found 0, expected a number of at least 1'],
    [{ count: 10 }, 'count: found 10, expected a number of at most 9'],
    [{ count: 1.5 }, 'count: found 1.5, expected a whole number'],
    [{ share: 0 }, 'share: found 0, expected a number above 0'],
    [{ debug: 'yes' }, 'debug: found "yes", expected true or false'],
    [{ key: 5 }, 'key: must be a text, or {file: PATH} that names the file it is in'],
    [{ key: '' }, 'key: must not be empty'],
    [{ key: { flie: '/a' } }, 'key.file: required | key.flie: unknown option. Did you mean file?'],
    [{ url: 'x' }, 'url: found "x", expected a valid url'],
    [{ names: ['a'] }, 'names.0: must have at least 2 characters'],
    [{ names: ['ab', 'ab', 'ab'] }, 'names: must have at most 2 entries'],
    [{ names: 'ab' }, 'names: found "ab", expected a list'],
    [
      { rules: { a: { alow: true } } },
      'rules.a.allow: required | rules.a.alow: unknown option. Did you mean allow?',
    ],
    [{ rules: { a: 1 } }, 'rules.a: found 1, expected a map'],
    [{ prefixed: 'y' }, 'prefixed: must start with "x-"'],
    [{ kinds: { long: 1 } }, 'kinds.long: this name will not do: must have at most 3 characters'],
    [{ check: { kind: 'htp' } }, 'check.kind: found "htp", expected one of tcp, http. Did you mean http?'],
    [{ check: {} }, 'check.kind: required'],
    [
      { check: { kind: 'tcp', prt: 1 } },
      'check.port: required | check.prt: unknown option. Did you mean port?',
    ],
    [{ either: true }, 'either: found true, expected a text or a number'],
    [{ endpoint: ['a'] }, 'endpoint: found a list, expected a text'],
    [
      { pingInterval: `ws://user:pass@${'h'.repeat(99)}` },
      `pingInterval: found "ws://…@${'h'.repeat(53)}…", expected a duration such as 250ms, 30s, 1m30s or 2h`,
    ],
  ])('explains %j', async (wrong, expected) => {
    expect((await problemsOf(schema, { endpoint: 'a', ...wrong })).join(' | ')).toBe(expected);
  });

  it('reports everything at once, each with its place', async () => {
    const value = { pingIntervall: '10s', size: 'big' };
    const origin: Origin = {
      places: {
        '["actions","A"]': { file: 'a.yaml', line: 2, column: 3 },
        '["actions","A","config","size"]': { file: 'a.yaml', line: 6, column: 13 },
        '["actions","A","config","pingIntervall"]': { file: 'a.yaml', line: 5, column: 22 },
      },
      keyPlaces: { '["actions","A","config","pingIntervall"]': { file: 'a.yaml', line: 5, column: 7 } },
    };
    const { problems = [] } = await validate(schema, value, PATH, origin);
    expect(problems.map(({ place, path }) => [path.at(-1), place?.line, place?.column])).toEqual([
      ['endpoint', 2, 3],
      ['size', 6, 13],
      ['pingIntervall', 5, 7],
    ]);
  });

  it('says that a component without options has none', async () => {
    expect(await problemsOf(noConfig, { a: 1 })).toEqual(['a: unknown option. There are no options here.']);
  });

  it("keeps an author's own message", async () => {
    const own = z.object({
      a: z.string({ error: 'give it a name' }),
      b: z.int().refine((n) => n % 2 === 0, 'must be even'),
    });
    expect(await problemsOf(own, { a: 1, b: 3 })).toEqual(['a: give it a name', 'b: must be even']);
  });
});

describe('schemas of other libraries', () => {
  it('give their message and path', async () => {
    const issues = [{ message: 'No.', path: ['a', { key: 0 }] }, { message: 'Not at all.' }];
    expect(await problemsOf(foreign(issues), { a: [1] })).toEqual(['a.0: No.', ': Not at all.']);
  });

  it('get a suggestion when they can say which options there are', async () => {
    const jsonSchema = {
      type: 'object',
      properties: { timeout: {}, target: {} },
      additionalProperties: false,
    };
    const issues = [
      { message: 'Unexpected key', path: ['timeoout'] },
      { message: 'Bad value', path: ['target'] },
    ];
    expect(await problemsOf(foreign(issues, jsonSchema), { timeoout: 1, target: 2 })).toEqual([
      'timeoout: unknown option. Did you mean timeout?',
      'target: Bad value',
    ]);
  });
});

describe('variables in what is validated', () => {
  const origin: Origin = {
    places: {},
    written: {
      '["actions","A","config","token"]': `Bearer \${TOKEN}`,
      '["actions","A","config","mode"]': `\${MODE}`,
    },
  };
  const value = { token: 'Bearer hunter2', mode: 'x' };

  it('are not shown by the messages of any schema', async () => {
    const issues = [
      { message: 'Expected "x" to be something else, not "Bearer hunter2"', path: ['token'] },
      { message: 'hunter2 is no example', path: [] },
    ];
    expect(await problemsOf(foreign(issues), value, origin)).toEqual([
      `token: Expected "\${MODE}" to be something else, not "Bearer \${TOKEN}"`,
      `: \${TOKEN} is no example`,
    ]);
  });

  it('are not betrayed by a suggestion', async () => {
    const own = z.object({ mode: z.enum(['xx', 'yy']) });
    expect(await problemsOf(own, value, origin)).toEqual([`mode: found "\${MODE}", expected one of xx, yy`]);
  });

  it('are reported no second time when they are not set', async () => {
    const own = z.object({ token: z.string().max(3), mode: z.enum(['xx']) });
    const unset = { token: `Bearer \${TOKEN}`, mode: 'x' };
    expect(await problemsOf(own, unset, origin)).toEqual([`mode: found "\${MODE}", expected xx`]);
  });

  it('take the type that the schema asks for, in lists and maps too', async () => {
    const own = z.strictObject({
      on: z.boolean(),
      max: z.int(),
      list: z.array(z.strictObject({ n: z.number() })),
      text: z.string(),
    });
    const given = { on: 'true', max: '5', list: [{ n: '-1.5' }], text: '5' };
    const written = Object.fromEntries(
      [['on'], ['max'], ['list', 0, 'n'], ['text']].map((key) => [
        JSON.stringify([...PATH, ...key]),
        `\${X}`,
      ]),
    );
    expect(await validate(own, given, PATH, { places: {}, written })).toEqual({
      value: { on: true, max: 5, list: [{ n: -1.5 }], text: '5' },
    });
    expect(await problemsOf(own, given)).toHaveLength(3);
    expect(given.list).toEqual([{ n: '-1.5' }]);
  });
});
