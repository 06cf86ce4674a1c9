import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { silentLogger } from '../../src/base/logger.ts';
import { readObject } from '../../src/config/load.ts';
import { checkReading } from '../../src/gateway/check.ts';
import { ManualClock } from '../support/manual-clock.ts';

const page = await readFile(new URL('../../docs/upstreams.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

describe('the examples of upstreams.md', () => {
  it.each(examples)('are what wsfw check has nothing to say about: %s', async (text) => {
    const { actions } = parse(text) as { actions: Record<string, unknown> };
    const routes = Object.keys(actions).map((action) => ({ path: `/${action}`, action }));
    const reading = readObject({ plugins: [{ path: 'wsfw' }], actions, routes });
    const { warnings } = await checkReading(reading, { logger: silentLogger, clock: new ManualClock() });
    expect(warnings).toEqual([]);
  });
});
