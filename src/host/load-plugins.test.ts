import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { nativeImport } from '../../test/support/native-import.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Plugin } from './contract.ts';
import { type LoadedPlugins, loadPlugins } from './load-plugins.ts';

const builtins = {
  wsfw: async (): Promise<Plugin> => ({ name: 'wsfw' }),
  limiter: async (): Promise<Plugin> => ({ name: 'limiter' }),
};

function load(folder: string, ...paths: string[]): Promise<LoadedPlugins> {
  const plugins = paths.map((path) => ({ path, folder, config: undefined }));
  const places = { [JSON.stringify(['plugins', 0, 'path'])]: { file: 'wsfw.yaml', line: 2, column: 11 } };
  return loadPlugins({ plugins, places }, { builtins, clock: new ManualClock(), importModule: nativeImport });
}

const names = ({ plugins }: LoadedPlugins): string[] => plugins.map(({ plugin }) => plugin.name);

async function problemOf(files: Record<string, string>, path: string): Promise<string> {
  const folder = temporaryFolder(files);
  const { plugins, problems } = await load(folder, path);
  expect(plugins).toEqual([]);
  expect(problems).toHaveLength(1);
  return (problems[0]?.message ?? '').replaceAll(folder, '~');
}

describe('loadPlugins', () => {
  it('loads built-ins by bare name and by any path that ends in .so', async () => {
    const loaded = await load('/etc', 'wsfw', './limiter.so');
    expect(names(loaded)).toEqual(['wsfw', 'limiter']);
    expect(loaded.problems).toEqual([]);
  });

  it('loads a module by its path, relative to its YAML file', async () => {
    const folder = temporaryFolder({ 'plugins/token.mjs': 'export default { name: "token" }' });
    expect(names(await load(join(folder, 'config'), '../plugins/token.mjs'))).toEqual(['token']);
  });

  it('loads an installed package that has exports for import only', async () => {
    const folder = temporaryFolder({
      'node_modules/@me/token/package.json':
        '{ "type": "module", "exports": { ".": { "import": "./x.js" } } }',
      'node_modules/@me/token/x.js': 'export default { name: "token" }',
    });
    expect(names(await load(folder, '@me/token'))).toEqual(['token']);
  });

  it('loads CommonJS, also as compilers write a default export', async () => {
    const folder = temporaryFolder({
      'a.cjs': 'module.exports = { name: "a" }',
      'b.cjs': 'exports.__esModule = true; exports.default = { name: "b" }',
    });
    expect(names(await load(folder, './a.cjs', './b.cjs'))).toEqual(['a', 'b']);
  });

  it('says where the problem stands and goes on with the others', async () => {
    const { plugins, problems } = await load('/nowhere', './gone.js', 'wsfw', 'other.so');
    expect(plugins.map(({ index }) => index)).toEqual([1]);
    expect(problems.map(({ path }) => path)).toEqual([
      ['plugins', 0, 'path'],
      ['plugins', 2, 'path'],
    ]);
    expect(problems[0]?.place).toEqual({ file: 'wsfw.yaml', line: 2, column: 11 });
  });

  it('refuses two plugins of one name', async () => {
    const { problems } = await load('/etc', 'wsfw', '/plugins/wsfw.so');
    expect(problems[0]?.message).toBe('/plugins/wsfw.so and wsfw (plugins[0]) are both named wsfw');
  });

  it.each([
    ['a file that is not there', {}, './x.mjs', 'there is no file ~/x.mjs'],
    ['a folder', { 'x/index.js': '' }, './x', '~/x is a folder; name the module in it, such as index.js'],
    ['an unknown built-in', {}, 'nginx.so', 'none is named nginx. Built in: limiter, wsfw'],
    [
      'a package that is not installed',
      {},
      'limitr',
      'For a package run `npm install limitr` in ~; for a file write ./limitr',
    ],
    [
      'a package that does not export it',
      { 'node_modules/p/package.json': '{ "exports": {} }' },
      'p/x',
      'the package in ~/node_modules/p does not export p/x for import',
    ],
    ['a syntax error', { 'x.mjs': 'export default {;' }, './x.mjs', '~/x.mjs is not valid: Unexpected token'],
    [
      'an import in a .js that its package.json declares CommonJS',
      { 'package.json': '{ "type": "commonjs" }', 'x.js': 'import "node:fs";' },
      './x.js',
      '~/x.js is no ES module for Node.js: rename it to .mjs, or write "type": "module" in its package.json',
    ],
    [
      'an export in a .js that its package.json declares CommonJS',
      { 'package.json': '{ "type": "commonjs" }', 'x.js': 'export default {};' },
      './x.js',
      '~/x.js is no ES module for Node.js',
    ],
    [
      'an import of what is not there',
      { 'x.mjs': 'import { a } from "node:fs";' },
      './x.mjs',
      "~/x.mjs:1 is not valid: The requested module 'node:fs' does not provide an export named 'a'",
    ],
    [
      'no default export',
      { 'x.mjs': 'export const a = 1' },
      './x.mjs',
      '~/x.mjs has no default export; write `export default definePlugin({ … })`',
    ],
    [
      'a module that throws',
      { 'x.mjs': 'throw new Error("no luck\\nat all")' },
      './x.mjs',
      '~/x.mjs threw while it was imported: no luck',
    ],
    [
      'a module that throws no error',
      { 'x.mjs': 'throw null' },
      './x.mjs',
      '~/x.mjs threw while it was imported: it threw null, which is not an Error',
    ],
    [
      'a wrong structure',
      { 'x.mjs': 'export default { name: "x", actions: 1 }' },
      './x.mjs',
      'actions of plugin x has to be an object, but is a number',
    ],
    [
      'a plugin that throws when it is looked at',
      { 'x.mjs': 'export default { get name() { throw new Error("peekaboo") } }' },
      './x.mjs',
      'peekaboo',
    ],
  ])('explains %s', async (_, files, path, message) => {
    expect(await problemOf(files, path)).toContain(message);
  });

  it('tells what to install, and where, when wsfw itself is missing', async () => {
    const files = { 'package.json': '{ "type": "module" }', 'plugins/x.js': 'import "wsfw/plugin"' };
    expect(await problemOf(files, './plugins/x.js')).toContain(
      '~/plugins/x.js cannot find the package wsfw. Run `npm install wsfw` in ~. ' +
        'If yours came as a .tgz file, put its path in place of the name',
    );
  });

  it('tells what to install, and where, when a package of an installed plugin is missing', async () => {
    const files = {
      'node_modules/p/package.json': '{ "type": "module", "exports": "./x.js" }',
      'node_modules/p/x.js': 'import "@me/gone/deep"',
    };
    expect(await problemOf(files, 'p')).toContain(
      '~/node_modules/p/x.js cannot find the package @me/gone. Run `npm install @me/gone` in ~',
    );
  });

  it('names the file of its own that a plugin misses', async () => {
    expect(await problemOf({ 'x.mjs': 'import "./gone.mjs"' }, './x.mjs')).toContain(
      "Cannot find module '~/gone.mjs'",
    );
  });

  it('gives up on a module that never finishes', async () => {
    const clock = new ManualClock();
    const folder = temporaryFolder({ 'x.mjs': '' });
    const importModule = (): Promise<never> => {
      clock.advance(10_000);
      return new Promise(() => {});
    };
    const plugins = [{ path: './x.mjs', folder, config: undefined }];
    const { problems } = await loadPlugins({ plugins, places: {} }, { builtins, clock, importModule });
    expect(problems[0]?.message).toContain('did not finish within 10 s');
    expect(clock.pending).toBe(0);
  });

  it('never shows the value of a variable', async () => {
    const plugins = [{ path: './s3cret.js', folder: '/etc', config: undefined }];
    const written = { [JSON.stringify(['plugins', 0, 'path'])]: `./\${NAME}.js` };
    const { problems } = await loadPlugins(
      { plugins, places: {}, written },
      { builtins, clock: new ManualClock() },
    );
    expect(problems[0]?.message).toBe(
      `plugin ./\${NAME}.js cannot be loaded: there is no file /etc/\${NAME}.js`,
    );
  });
});

describe('a TypeScript plugin', () => {
  const unknownExtension = Object.assign(new TypeError('Unknown file extension ".ts" for /etc/x.ts'), {
    code: 'ERR_UNKNOWN_FILE_EXTENSION',
  });

  it('that this Node cannot load is told which Node can', async () => {
    const folder = temporaryFolder({ 'x.ts': '' });
    const importModule = async (): Promise<never> => {
      throw unknownExtension;
    };
    const plugins = [{ path: './x.ts', folder, config: undefined }];
    const services = { builtins, clock: new ManualClock(), importModule };
    const { problems } = await loadPlugins({ plugins, places: {} }, services);
    expect(problems[0]?.message).toContain('22.18 and newer of the 22 line can, and so can 23.6 and newer');
  });
});
