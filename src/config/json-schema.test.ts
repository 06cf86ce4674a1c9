import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { valueAt } from './json.ts';
import { configJsonSchema } from './json-schema.ts';
import { byteSize, duration, noConfig, secret } from './values.ts';

const at = (schema: unknown, ...path: (string | number)[]): unknown => valueAt(schema, path);

const COMPONENTS = [
  {
    id: 'plugins.x.actions.Go',
    schema: z.strictObject({ target: z.string(), wait: duration().prefault('5s').describe('How long.') }),
  },
  { id: 'plugins.x.middlewares.Check', schema: noConfig },
];

describe('configJsonSchema', () => {
  it('describes every key of the core with its default', () => {
    const schema = configJsonSchema();
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(Object.keys(at(schema, 'properties') as object)).toEqual([
      'server',
      'plugins',
      'storages',
      'middlewares',
      'globalMiddlewares',
      'actions',
      'routes',
    ]);
    const server = ['properties', 'server', 'properties'] as const;
    expect(at(schema, ...server, 'readTimeout')).toMatchObject({
      default: '10s',
      description: expect.stringContaining('send a request') as string,
    });
    expect(at(schema, ...server, 'drain', 'properties', 'timeout', 'default')).toBe('30s');
    expect(at(schema, 'additionalProperties')).toBe(false);
  });

  it('lets a key stand with nothing after it', () => {
    for (const key of ['middlewares', 'server']) {
      expect(at(configJsonSchema(), 'properties', key, 'type')).toEqual(['object', 'null']);
    }
    expect(at(configJsonSchema(), 'properties', 'routes', 'type')).toEqual(['array', 'null']);
  });

  it('lets a variable stand for a switch or a number', () => {
    const tls = at(configJsonSchema(), 'properties', 'server', 'properties', 'tls');
    expect(tls).toMatchObject({
      default: false,
      anyOf: [{ type: 'boolean' }, { type: 'string', pattern: '\\$\\{' }],
    });
  });

  it('knows the components that are loaded, and the options of each', () => {
    const schema = configJsonSchema(COMPONENTS);
    const action = at(schema, 'properties', 'actions', 'additionalProperties');
    expect(at(action, 'properties', 'use', 'anyOf', 0, 'enum')).toEqual(['plugins.x.actions.Go']);
    expect(at(action, 'allOf', 0, 'if')).toEqual({
      properties: { use: { const: 'plugins.x.actions.Go' } },
      required: ['use'],
    });
    expect(at(action, 'allOf', 0, 'then')).toMatchObject({
      required: ['config'],
      properties: {
        config: {
          type: ['object', 'null'],
          properties: { wait: { default: '5s', description: 'How long.' } },
        },
      },
    });
    expect(at(schema, 'properties', 'middlewares', 'additionalProperties', 'allOf')).toHaveLength(1);
    expect(at(schema, 'properties', 'storages', 'additionalProperties', 'allOf')).toBeUndefined();
  });

  it('demands the options of a component that needs one of two', () => {
    const either = z
      .strictObject({ a: z.string().optional(), b: z.string().optional() })
      .meta({ oneOf: [{ required: ['a'] }, { required: ['b'] }] });
    const schema = configJsonSchema([{ id: 'plugins.x.actions.Either', schema: either }]);
    const used = at(schema, 'properties', 'actions', 'additionalProperties', 'allOf', 0, 'then');
    expect(used).toMatchObject({ required: ['config'] });
  });

  it('takes components whose library cannot convert its schemas', () => {
    const foreign = {
      '~standard': { version: 1, vendor: 'other', validate: (value: unknown) => ({ value }) },
    } as const;
    const schema = configJsonSchema([{ id: 'plugins.x.actions.Go', schema: foreign }]);
    expect(at(schema, 'properties', 'actions', 'additionalProperties', 'allOf', 0, 'then')).toEqual({
      properties: { config: {} },
    });
  });

  it('gives a component that refers to itself an id of its own', () => {
    const tree = z.strictObject({
      get children() {
        return z.array(tree).optional();
      },
    });
    const schema = configJsonSchema([{ id: 'plugins.x.actions.Tree', schema: tree }]);
    const config = at(
      schema,
      'properties',
      'actions',
      'additionalProperties',
      'allOf',
      0,
      'then',
      'properties',
      'config',
    );
    expect(at(config, '$id')).toBe('wsfw:plugins.x.actions.Tree');
  });
});

describe('the value schemas', () => {
  it('convert to what an editor can check', () => {
    const convert = (schema: z.ZodType): unknown => z.toJSONSchema(schema, { io: 'input' });
    expect(convert(duration())).toMatchObject({
      anyOf: [{ type: 'string', examples: ['30s'] }, { const: 0 }],
    });
    expect(convert(byteSize())).toMatchObject({
      anyOf: [{ type: 'string' }, { type: 'integer', minimum: 0 }],
    });
    expect(convert(secret())).toMatchObject({
      anyOf: [{ type: 'string' }, { type: 'object', required: ['file'] }],
    });
    expect(convert(noConfig)).toMatchObject({
      anyOf: [{ type: 'object', additionalProperties: false }, { type: 'null' }],
    });
  });

  it.each(['0', '250ms', '30s', '1m30s', '2h', `\${WAIT:-30s}`])(
    'have a pattern that takes the duration %s',
    (text) => {
      const pattern = valueAt(z.toJSONSchema(duration(), { io: 'input' }), ['anyOf', 0, 'pattern']);
      expect(text).toMatch(new RegExp(String(pattern)));
    },
  );
});
