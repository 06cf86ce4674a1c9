import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkPlugin } from './check-plugin.ts';

const component = { config: z.object({}), create: () => () => {} };

describe('checkPlugin', () => {
  it('takes anything with the structure of a plugin, whoever made it', () => {
    const plugin = {
      name: 'p-1',
      config: z.object({}),
      middlewares: { M: component },
      actions: { A: component },
    };
    expect(checkPlugin(plugin)).toEqual({ plugin });
    expect(checkPlugin({ name: 'empty' })).toEqual({ plugin: { name: 'empty' } });
  });

  it('takes a schema that is a function', () => {
    const schema = Object.assign(() => {}, {
      '~standard': { version: 1, vendor: 'x', validate: () => ({}) },
    });
    const plugin = { name: 'p', actions: { A: { ...component, config: schema } } };
    expect(checkPlugin(plugin)).toEqual({ plugin });
  });

  it.each([
    [undefined, 'the default export is nothing'],
    [[], 'the default export is a list'],
    [() => {}, 'the default export is a function'],
    [{}, 'name has to be a word'],
    [{ name: 'a.b' }, 'but is "a.b"'],
    [{ name: 'p', action: {} }, 'plugin p has the unknown field action; known: name, config'],
    [{ name: 'p', config: {} }, 'config of plugin p has to be a Standard Schema'],
    [{ name: 'p', actions: [] }, 'actions of plugin p has to be an object, but is a list'],
    [{ name: 'p', actions: { A: () => {} } }, 'actions.A of plugin p has to be an object, but is a function'],
    [{ name: 'p', actions: { 'A.B': component } }, 'actions.A.B of plugin p has to be named by a word'],
    [
      { name: 'p', actions: { A: { create() {} } } },
      'actions.A.config of plugin p has to be a Standard Schema; write noConfig',
    ],
    [
      { name: 'p', actions: { A: { ...component, create: 1 } } },
      'actions.A.create of plugin p has to be a function, but is a number',
    ],
    [
      { name: 'p', actions: { A: { ...component, warnings: [] } } },
      'actions.A.warnings of plugin p has to be a function',
    ],
    [
      { name: 'p', actions: { A: { ...component, upgrades: 1 } } },
      'actions.A.upgrades of plugin p has to be true or false',
    ],
    [
      { name: 'p', middlewares: { M: { ...component, upgrades: true } } },
      'middlewares.M of plugin p has the unknown field upgrades',
    ],
  ])('names what is wrong: %# %s', (value, message) => {
    const checked = checkPlugin(value);
    expect('problem' in checked && checked.problem).toContain(message);
  });
});
