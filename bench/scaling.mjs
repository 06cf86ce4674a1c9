// What a second process gives wsfw: the same load with one worker and with two, in turn. bench/README.md says how to read it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { readArguments } from './lib/arguments.mjs';
import { describeMachine } from './lib/machine.mjs';
import { QUICK } from './lib/plan.mjs';
import { summarize } from './lib/statistics.mjs';
import { Bench } from './measures/bench.mjs';
import { Echo, Load } from './measures/processes.mjs';
import { inTurn } from './measures/rounds.mjs';
import { certificate } from './proxies/certificate/index.mjs';
import { wsfw } from './proxies/wsfw/index.mjs';

const WORKERS = [1, 2];
const WARM_UP_MS = 2_500;
const WINDOW_MS = 1_000;
const CONNECTIONS = 100;

/**
 * @typedef {import('./measures/bench.mjs').Running} Running
 * @typedef {{ workers: number, perSecond: number, cpuUs: number, proxyCores: number, loadCores: number, echoCores: number }} Reading
 *
 * @typedef {object} Kind
 * @property {string} title
 * @property {import('./proxies/index.mjs').TlsFiles | null} tls
 * @property {(bench: Bench, one: Running) => Promise<unknown>} open
 * @property {(bench: Bench, one: Running, durationMs: number) => Promise<import('./measures/processes.mjs').Spent & { count: number }>} drive
 */

/** @type {readonly Kind[]} */
const KINDS = [
  {
    title: 'opening and closing connections, 32 at once',
    tls: null,
    open: async () => {},
    async drive({ load }, { name, proxy }, durationMs) {
      const done = await load.handshakes(name, proxy.port, { concurrency: 32, durationMs });
      return { ...done, count: done.handshakes };
    },
  },
  {
    title: `messages of 128 bytes over TLS, one in flight on each of ${CONNECTIONS} connections`,
    tls: certificate,
    open: ({ load }, { name, proxy }) => load.open(name, proxy.port, CONNECTIONS, { tls: true }),
    async drive({ load }, { name }, durationMs) {
      const done = await load.drive(name, { depth: 1, size: 128, durationMs });
      return { ...done, count: done.messages };
    },
  },
];

const ROUNDS = 12;

const USAGE = `Usage: node bench/scaling.mjs [options]

  --rounds N   rounds of each measure (default: ${ROUNDS})
  --help       this text

Writes scaling.md into bench/results, or, with other than ${ROUNDS} rounds, into bench/results/local, which Git ignores.

Exit codes: 0 measured, 1 something failed on the way, 2 it cannot do what it was asked for.`;

const { rounds } = readArguments(USAGE, () => {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: String(ROUNDS) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds takes a whole number above 0, not ${values.rounds}`);
  if (wsfw.find() === null) throw new Error('wsfw is not built yet: run npm run build first.');
  return { rounds };
});

const echo = new Echo();
const load = new Load();
try {
  await echo.start();
  const machine = describeMachine();
  const text = [
    `${machine.cpu}, ${availableParallelism()} cores, Node ${machine.node}; ${rounds} rounds of ${WINDOW_MS / 1_000} s, load generator and echo on the same cores.`,
  ];
  const bench = new Bench({
    plan: QUICK,
    measures: new Set(),
    proxies: [],
    echo,
    load,
    progress: console.error,
  });
  for (const kind of KINDS) text.push('', kind.title, '', ...table(await measure(bench, kind)));
  console.log(text.join('\n'));
  const out = new URL(rounds === ROUNDS ? './results/' : './results/local/', import.meta.url);
  mkdirSync(out, { recursive: true });
  writeFileSync(new URL('scaling.md', out), `${text.join('\n')}\n`);
} finally {
  await load.stop();
  await echo.stop();
}

/**
 * @param {Bench} bench
 * @param {Kind} kind
 */
async function measure(bench, kind) {
  /** @type {Reading[]} */
  const readings = [];
  /** @type {(Running & { workers: number })[]} */
  const running = [];
  try {
    for (const workers of WORKERS) {
      const proxy = await bench.start(wsfw, { workers, tls: kind.tls });
      const one = { name: `wsfw with ${workers}`, workers, proxy };
      running.push(one);
      await kind.open(bench, one);
      await kind.drive(bench, one, WARM_UP_MS);
    }
    for (let round = 0; round < rounds; round++) {
      for (const one of inTurn(running, round)) readings.push(await read(bench, kind, one));
    }
    return readings;
  } finally {
    for (const { name, proxy } of running) {
      await bench.load.close(name).catch(() => {});
      await proxy.stop();
    }
  }
}

/**
 * @param {Bench} bench
 * @param {Kind} kind
 * @param {Running & { workers: number }} one
 * @returns {Promise<Reading>}
 */
async function read(bench, kind, one) {
  const { done, cpuUs, cores } = await bench.meter(one, () => kind.drive(bench, one, WINDOW_MS));
  const perSecond = (done.count / done.durationMs) * 1_000;
  return { workers: one.workers, perSecond, cpuUs: cpuUs / done.count, ...cores };
}

/** @param {readonly Reading[]} readings */
function table(readings) {
  const lines = [
    '| workers | a second | to one worker (95 %) | CPU µs each | cores: wsfw | load | echo |',
    '|---|---|---|---|---|---|---|',
  ];
  const first = readings.filter(({ workers }) => workers === WORKERS[0]);
  for (const workers of WORKERS) {
    const mine = readings.filter((reading) => reading.workers === workers);
    const median = (/** @type {(reading: Reading) => number} */ of) => summarize(mine.map(of)).median;
    const gain = summarize(mine.map(({ perSecond }, i) => perSecond / (first[i]?.perSecond ?? Number.NaN)));
    const [low, high] = gain.interval.map((bound) => bound.toFixed(2));
    lines.push(
      `| ${[
        workers,
        Math.round(median(({ perSecond }) => perSecond)),
        `${gain.median.toFixed(2)} (${low} to ${high})`,
        median(({ cpuUs }) => cpuUs).toFixed(1),
        median(({ proxyCores }) => proxyCores).toFixed(2),
        median(({ loadCores }) => loadCores).toFixed(2),
        median(({ echoCores }) => echoCores).toFixed(2),
      ].join(' | ')} |`,
    );
  }
  return lines;
}
