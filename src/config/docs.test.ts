import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildConfig } from './build.ts';
import { readYaml } from './yaml-tree.ts';

const guide = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const examples = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

describe("the guide's examples", () => {
  it.each(examples)('are valid: %s', (text) => {
    const tree = readYaml(text, 'guide', { PRICES_TOKEN: 'a token' });
    expect(tree.problems).toEqual([]);
    const { problems } = buildConfig(tree.root, { places: {} }, { folderOf: () => '/', resolve });
    expect(problems).toEqual([]);
  });
});
