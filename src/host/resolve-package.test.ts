import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { resolvePackage } from './resolve-package.ts';

const manifest = (content: object): string => JSON.stringify(content);

describe('resolvePackage', () => {
  it('finds a package for import only, which require cannot see', async () => {
    const folder = temporaryFolder({
      'node_modules/p/package.json': manifest({ exports: { import: './main.js' } }),
    });
    expect(await resolvePackage('p', folder)).toEqual({ file: join(folder, 'node_modules/p/main.js') });
  });

  it('looks in the folders above', async () => {
    const folder = temporaryFolder({ 'node_modules/@me/p/package.json': manifest({ exports: './main.js' }) });
    const found = await resolvePackage('@me/p', join(folder, 'config', 'deeper'));
    expect(found).toEqual({ file: join(folder, 'node_modules/@me/p/main.js') });
  });

  it('takes main of a package without exports, also without its ending', async () => {
    const folder = temporaryFolder({
      'node_modules/p/package.json': manifest({ main: 'lib/main' }),
      'node_modules/p/lib/main.js': '',
    });
    expect(await resolvePackage('p', folder)).toEqual({ file: join(folder, 'node_modules/p/lib/main.js') });
  });

  it('takes index.js of a package that says nothing, and any of its files', async () => {
    const folder = temporaryFolder({ 'node_modules/p/index.js': '' });
    expect(await resolvePackage('p', folder)).toEqual({ file: join(folder, 'node_modules/p/index.js') });
    expect(await resolvePackage('p/x.js', folder)).toEqual({ file: join(folder, 'node_modules/p/x.js') });
  });

  it('lets a package name itself', async () => {
    const folder = temporaryFolder({ 'package.json': manifest({ name: 'me', exports: './main.js' }) });
    expect(await resolvePackage('me', join(folder, 'config'))).toEqual({ file: join(folder, 'main.js') });
  });

  it('tells what is not installed from what is not exported', async () => {
    const folder = temporaryFolder({
      'node_modules/p/package.json': manifest({ exports: { './x': './x.js' } }),
    });
    expect(await resolvePackage('q', folder)).toEqual({ file: null, problem: 'missing' });
    const packageFolder = join(folder, 'node_modules/p');
    expect(await resolvePackage('p', folder)).toEqual({ file: null, problem: 'not-exported', packageFolder });
  });

  it.each(['', '@', '@me', '../p', 'a\\b', '%2e', '.'])('takes %j for no package', async (specifier) => {
    expect(await resolvePackage(specifier, temporaryFolder())).toEqual({ file: null, problem: 'missing' });
  });
});
