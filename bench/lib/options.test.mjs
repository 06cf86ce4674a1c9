import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { estimate, runsFor } from '../measures/index.mjs';
import { PROXIES } from '../proxies/index.mjs';
import { readOptions } from './options.mjs';

/** @param {string[]} args */
function read(...args) {
  const options = readOptions(args, 'results');
  assert.ok(options !== null);
  return options;
}

/** @param {string[]} args */
function minutes(...args) {
  const options = read(...args);
  const seconds = estimate(runsFor(options.measures), options, options.proxies);
  return seconds.reduce((total, each) => total + each, 0) / 60;
}

test('measures everything with every proxy, in twenty minutes by its own estimate', () => {
  const { proxies, measures } = read();
  assert.equal(proxies.length, PROXIES.length);
  assert.equal(measures.length, new Set(runsFor(measures).flatMap(({ gives }) => gives)).size);
  assert.ok(minutes() <= 19, `${minutes()} minutes`);
});

test('has a quick run of two minutes, and a tiny one of half of one', () => {
  assert.ok(minutes('--quick') <= 2, `${minutes('--quick')} minutes`);
  assert.ok(minutes('--tiny') <= 0.5, `${minutes('--tiny')} minutes`);
});

test('narrows what is measured', () => {
  const { plan } = read('--sizes', '128,65536', '--connections', '1000', '--depths', '8', '--rounds', '3');
  assert.deepEqual(
    plan.traffic.stages.flatMap(({ cells, rounds }) => cells.map((cell) => ({ ...cell, rounds }))),
    [
      { size: 128, connections: 1_000, depth: 8, rounds: 3 },
      { size: 65_536, connections: 1_000, depth: 8, rounds: 3 },
    ],
  );
  assert.equal(plan.idle.rounds, 3);
  assert.ok(minutes('--measures', 'flood', '--proxies', 'wsfw') < 0.1);
});

test('knows how to get the same again, but not where its results went', () => {
  assert.equal(
    read('--quick', '--out', '/secret', '--rounds', '2').command,
    'npm run bench -- --quick --rounds 2',
  );
  assert.equal(read('--out=/secret').command, 'npm run bench');
});

test('keeps the results of full runs apart from those of all others', () => {
  assert.equal(read().out, 'results');
  assert.equal(read('--assert').out, 'results');
  const local = join('results', 'local');
  for (const option of ['--quick', '--tiny']) assert.equal(read(option).out, local, option);
  for (const [option, value] of [
    ['--proxies', 'wsfw'],
    ['--measures', 'cpu'],
    ['--sizes', '128'],
    ['--connections', '100'],
    ['--depths', '1'],
    ['--rounds', '20'],
  ]) {
    assert.equal(read(`${option}=${value}`).out, local, option);
  }
  assert.equal(read('--tiny', '--out', 'elsewhere').out, 'elsewhere');
});

test('says what is wrong with an option', () => {
  assert.throws(() => read('--measures', 'speed'), /--measures: there is no "speed", only cpu, /);
  assert.throws(() => read('--rounds', '0'), /--rounds: "0" is not a whole number above 0/);
  assert.throws(() => read('--sizes', '64k'), /--sizes: "64k"/);
});
