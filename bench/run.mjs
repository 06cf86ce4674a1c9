// Measures wsfw side by side with other proxies. README.md says what, how, and how to read it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deadlinesOf } from './lib/budget.mjs';
import { drawCharts } from './lib/charts.mjs';
import { compare } from './lib/compare.mjs';
import { descriptorLimit, localPorts, tooMany } from './lib/limits.mjs';
import { describeMachine } from './lib/machine.mjs';
import { readOptions, USAGE } from './lib/options.mjs';
import { Progress } from './lib/progress.mjs';
import { toJson, toMarkdown, toText } from './lib/report.mjs';
import { SUBJECT } from './lib/targets.mjs';
import { Bench } from './measures/bench.mjs';
import { estimate, runsFor } from './measures/index.mjs';
import { Echo, Load } from './measures/processes.mjs';
import { PROXIES } from './proxies/index.mjs';

/** However slow the machine is; a plan that is longer by itself gets the time that it needs. */
const LIMIT_SECONDS = 19.5 * 60;
const HURRIED = 'some of the rounds. The machine was slower than planned; each setting had at least one.';
const EXIT = { measured: 0, missed: 1, failed: 2 };

process.exitCode = await main().catch((error) => {
  console.error(`\nThe benchmark could not finish. ${error instanceof Error ? error.message : error}`);
  return EXIT.failed;
});

async function main() {
  const options = readOptions(process.argv.slice(2), join(import.meta.dirname, 'results'));
  if (options === null) {
    console.log(USAGE);
    return EXIT.measured;
  }
  const startedAt = performance.now();
  const machine = describeMachine();
  const { proxies, missing } = findProxies(options);
  const names = proxies.map(({ name }) => name);
  const { runs, impossible } = findRuns(options, names);
  const seconds = estimate(runs, options, names);
  introduce(
    machine,
    proxies,
    seconds.reduce((sum, each) => sum + each, 0),
  );

  const { samples, problems, hurried } = await measure(options, proxies, runs, seconds);
  const { out, ...shown } = options;
  /** @type {import('./lib/report.mjs').Results} */
  const results = {
    measuredAt: new Date().toISOString(),
    tookSeconds: (performance.now() - startedAt) / 1_000,
    machine,
    options: shown,
    proxies: proxies.map(({ name, title, find }) => ({ name, title, version: find() ?? '' })),
    leftOut: [...missing, ...impossible, ...(hurried ? [HURRIED] : [])],
    problems,
    comparisons: compare(samples),
    samples,
  };
  console.log(toText(results));
  write(out, results);
  console.log(`\nTook ${Math.round(results.tookSeconds)} s. Written to ${out}.`);
  return exitCode(results);
}

/**
 * @param {import('./lib/report.mjs').Results} results
 */
function exitCode({ problems, comparisons, options }) {
  if (problems.some(({ proxy }) => proxy === SUBJECT)) return EXIT.failed;
  const missed = comparisons.some(({ met }) => met === false);
  return missed && options.assert ? EXIT.missed : EXIT.measured;
}

/** @param {import('./lib/options.mjs').Options} options */
function findProxies({ proxies: names, proxiesChosen }) {
  const asked = PROXIES.filter(({ name }) => names.includes(name));
  const absent = asked.filter(({ find }) => find() === null);
  if (absent.some(({ name }) => name === SUBJECT))
    throw new Error('wsfw is not built yet: run npm run build first.');
  const missing = absent.map(({ name, install }) => `${name}, not on this machine (${install})`);
  if (missing.length > 0 && proxiesChosen) throw new Error(`There is no ${missing.join('; no ')}.`);
  return { proxies: asked.filter((proxy) => !absent.includes(proxy)), missing };
}

/**
 * @param {import('./lib/options.mjs').Options} options
 * @param {readonly string[]} proxies Their names.
 */
function findRuns({ plan, measures, measuresChosen }, proxies) {
  const limits = { files: descriptorLimit(), ports: localPorts() };
  const asked = runsFor(measures);
  const reasons = new Map(asked.map((run) => [run, tooMany(run.needs(plan, proxies), limits)]));
  const impossible = asked.flatMap((run) => {
    const reason = reasons.get(run) ?? null;
    return reason === null ? [] : [`${run.gives.join(' and ')}: ${reason}`];
  });
  if (impossible.length > 0 && measuresChosen) throw new Error(impossible.join('\n'));
  return { runs: asked.filter((run) => reasons.get(run) === null), impossible };
}

/**
 * @param {import('./lib/options.mjs').Options} options
 * @param {readonly import('./proxies/index.mjs').Proxy[]} proxies
 * @param {readonly import('./measures/index.mjs').Run[]} runs
 * @param {readonly number[]} seconds How long each of them takes.
 */
async function measure({ plan, measures }, proxies, runs, seconds) {
  const progress = new Progress(process.stdout, seconds);
  const echo = new Echo();
  const load = new Load();
  try {
    await echo.start();
    const names = new Set(measures);
    const report = (/** @type {string} */ what) => progress.show(what);
    const bench = new Bench({ plan, measures: names, proxies, echo, load, progress: report });
    const samples = [];
    const startedAt = performance.now();
    const deadlines = deadlinesOf(seconds, LIMIT_SECONDS);
    for (const [index, run] of runs.entries()) {
      bench.deadline = startedAt + (deadlines[index] ?? 0) * 1_000;
      samples.push(...(await run.measure(bench)).filter((sample) => names.has(sample.measure)));
      progress.advance();
    }
    return { samples, problems: bench.problems, hurried: bench.hurried };
  } finally {
    progress.clear();
    await load.stop();
    await echo.stop();
  }
}

/**
 * @param {ReturnType<typeof describeMachine>} machine
 * @param {readonly import('./proxies/index.mjs').Proxy[]} proxies
 * @param {number} seconds
 */
function introduce(machine, proxies, seconds) {
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}`,
  );
  for (const { name, title, find } of proxies) console.log(`  ${name.padEnd(14)}${title}, ${find()}`);
  if (machine.loadBefore > machine.cores / 2) {
    console.log(`The machine is busy (load ${machine.loadBefore}): expect wide intervals.`);
  }
  console.log(
    `This takes about ${seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} minutes`}.\n`,
  );
}

/**
 * @param {string} folder
 * @param {import('./lib/report.mjs').Results} results
 */
function write(folder, results) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'latest.json'), toJson(results));
  writeFileSync(join(folder, 'latest.md'), toMarkdown(results));
  for (const { file, svg } of drawCharts(results)) writeFileSync(join(folder, file), svg);
}
