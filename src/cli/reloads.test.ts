import { describe, expect, it } from 'vitest';
import { deferred } from '../../test/support/configured.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { ConfigError } from '../base/config-error.ts';
import type { Problem } from '../base/problem.ts';
import { Reloads } from './reloads.ts';

const problem = (message: string): Problem => ({
  place: { file: 'a.yaml', line: 3, column: 5 },
  path: ['routes', 0],
  message,
});

/** A gateway whose reloads end when the test says so. */
function rig(warnings: readonly Problem[] = []) {
  const logger = new RecordingLogger();
  const reloads = new Reloads(logger);
  const underway: ((outcome: readonly Problem[] | Error) => void)[] = [];
  let started = 0;
  const reload = () => {
    started++;
    const { promise, resolve } = deferred<readonly Problem[] | Error>();
    underway.push(resolve);
    return promise.then((outcome) => {
      if (outcome instanceof Error) throw outcome;
      return { warnings: outcome };
    });
  };
  return {
    reloads,
    begin: () => reloads.begin({ warnings, reload }),
    started: () => started,
    async finish(outcome: readonly Problem[] | Error = []) {
      underway.shift()?.(outcome);
      await new Promise((resolve) => setImmediate(resolve));
    },
    lines: () => logger.lines.splice(0).map(({ level, message }) => `${level}: ${message}`),
  };
}

describe('reloads', () => {
  it('happen one at a time, and once more when they were asked for meanwhile', async () => {
    const { reloads, begin, started, finish } = rig();
    begin();
    for (let i = 0; i < 3; i++) reloads.ask();
    expect(started()).toBe(1);
    await finish();
    expect(started()).toBe(2);
    await finish();
    expect(started()).toBe(2);
    reloads.ask();
    expect(started()).toBe(3);
  });

  it('that were asked for too early happen when the gateway runs, and none after its end', async () => {
    const { reloads, begin, started, finish } = rig();
    reloads.ask();
    expect(started()).toBe(0);
    begin();
    expect(started()).toBe(1);
    await finish();
    reloads.end();
    reloads.ask();
    expect(started()).toBe(1);
  });

  it('warn of what is new only', async () => {
    const { reloads, begin, finish, lines } = rig([problem('old')]);
    begin();
    reloads.ask();
    await finish([problem('old'), problem('new')]);
    expect(lines()).toEqual(['warn: a.yaml:3:5  routes[0]: new']);
    reloads.ask();
    await finish([problem('new')]);
    expect(lines()).toEqual([]);
  });

  it('that fail say why, and go on', async () => {
    const { reloads, begin, started, finish, lines } = rig();
    begin();
    reloads.ask();
    await finish(new ConfigError([problem('one'), problem('two')]));
    expect(lines()).toEqual([
      'error: a.yaml:3:5  routes[0]: one',
      'error: a.yaml:3:5  routes[0]: two',
      'error: 2 problems. The old configuration goes on serving.',
    ]);
    reloads.ask();
    await finish(new Error('there is no configuration'));
    expect(lines()).toEqual([
      'error: there is no configuration',
      'error: 1 problem. The old configuration goes on serving.',
    ]);
    expect(started()).toBe(2);
  });
});
