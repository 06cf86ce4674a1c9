import { renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { FileWatch } from './file-watch.ts';

async function watching(files: Readonly<Record<string, string>>, folder = temporaryFolder(files)) {
  let changes = 0;
  let others: readonly string[] = [];
  const list = async () =>
    (await readdir(folder)).filter((name) => name.endsWith('.yaml')).map((name) => `${folder}/${name}`);
  const watch = new FileWatch({
    clock: new ManualClock(),
    list,
    others: () => others,
    changed: () => void changes++,
  });
  await watch.begin();
  return {
    path: (name: string) => `${folder}/${name}`,
    count: (...names: string[]) => {
      others = names.map((name) => `${folder}/${name}`);
    },
    /** How often a change was noticed in so many looks. */
    async noticed(looks = 3): Promise<number> {
      const before = changes;
      for (let i = 0; i < looks; i++) await watch.compare();
      return changes - before;
    },
  };
}

describe('a watch', () => {
  it('notices a file that is written, replaced, added or removed, once each', async () => {
    const { path, noticed } = await watching({ 'a.yaml': 'one' });
    expect(await noticed()).toBe(0);
    writeFileSync(path('a.yaml'), 'other');
    expect(await noticed()).toBe(1);
    writeFileSync(path('a.yaml.swp'), 'another');
    expect(await noticed()).toBe(0);
    renameSync(path('a.yaml.swp'), path('a.yaml'));
    expect(await noticed()).toBe(1);
    writeFileSync(path('b.yaml'), '');
    expect(await noticed()).toBe(1);
    unlinkSync(path('b.yaml'));
    expect(await noticed()).toBe(1);
  });

  it('waits until nothing changes any more', async () => {
    const { path, noticed } = await watching({ 'a.yaml': 'one' });
    for (const text of ['1', '22', '333']) {
      writeFileSync(path('a.yaml'), text);
      expect(await noticed(1)).toBe(0);
    }
    expect(await noticed(1)).toBe(1);
    expect(await noticed()).toBe(0);
  });

  it('notices a link that is moved, as Kubernetes moves ..data', async () => {
    const folder = temporaryFolder({ '..one/a.yaml': 'one', '..two/a.yaml': 'two' });
    symlinkSync('..one', `${folder}/..data`);
    symlinkSync('..data/a.yaml', `${folder}/a.yaml`);
    const { path, noticed } = await watching({}, folder);
    symlinkSync('..two', path('..tmp'));
    renameSync(path('..tmp'), path('..data'));
    expect(await noticed()).toBe(1);
    rmSync(path('..one'), { recursive: true });
    expect(await noticed()).toBe(0);
  });

  it('counts other files once they were looked at, there or not', async () => {
    const { path, count, noticed } = await watching({ 'a.yaml': 'one', secret: 'x' });
    count('secret', 'missing');
    expect(await noticed()).toBe(0);
    writeFileSync(path('secret'), 'yz');
    expect(await noticed()).toBe(1);
    writeFileSync(path('missing'), 'there');
    expect(await noticed()).toBe(1);
    count('missing');
    expect(await noticed()).toBe(0);
  });

  it('goes on when the folder is gone and comes back', async () => {
    const folder = temporaryFolder({ 'a.yaml': 'one' });
    const { path, noticed } = await watching({}, folder);
    renameSync(folder, `${folder}-away`);
    expect(await noticed()).toBe(1);
    renameSync(`${folder}-away`, folder);
    expect(await noticed()).toBe(1);
    expect(path('')).toBe(`${folder}/`);
  });
});
