/**
 * @typedef {import('./bench.mjs').Running} Running
 * @typedef {import('./bench.mjs').Sample} Sample
 *
 * What is varied within a stage.
 * @typedef {object} Cell
 * @property {string} title
 * @property {(one: Running) => Promise<unknown>} warmUp Once a generation.
 * @property {(one: Running, round: number) => Promise<Sample[]>} measure One window.
 *
 * Rounds that belong together: the same proxies, the same cells.
 * @typedef {object} Stage
 * @property {string} measure
 * @property {readonly Cell[]} cells
 * @property {number} rounds
 * @property {number} roundsEach Rounds after which all proxies are started anew.
 * @property {readonly string[]} without Proxies that take no part.
 * @property {import('../proxies/index.mjs').TlsFiles | null} [tls]
 * @property {readonly Running[]} [beside] Who takes turns with the proxies without being one.
 */

/**
 * Rounds with all proxies up, one driven at a time. Every few rounds all of them are started anew: a process keeps habits
 * for as long as it lives (what the compiler made of it, where its memory lies, how its turns fall together with
 * the others'), and one that got bad ones would bend the whole result.
 * @param {import('./bench.mjs').Bench} bench
 * @param {Stage} stage
 */
export async function runStage(bench, stage) {
  /** @type {Sample[]} */
  const samples = [];
  /** @type {Set<string>} */
  const failed = new Set(stage.without);
  for (let first = 0; first < stage.rounds; first += stage.roundsEach) {
    if (first > 0 && bench.isLate()) break;
    const last = Math.min(stage.rounds, first + stage.roundsEach);
    samples.push(...(await runGeneration(bench, stage, first, last, failed)));
  }
  return samples;
}

/**
 * @param {import('./bench.mjs').Bench} bench
 * @param {Stage} stage
 * @param {number} first
 * @param {number} last
 * @param {Set<string>} failed Proxies that take no part, to which those are added that fail now.
 */
async function runGeneration(
  bench,
  { measure, cells, rounds, tls = null, beside = [] },
  first,
  last,
  failed,
) {
  /** @type {Sample[]} */
  const samples = [];
  /** @type {Running[]} */
  const started = [];
  /**
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} step
   */
  const attempt = async (name, step) => {
    const result = await bench.attempt(measure, name, step);
    if (result === null) failed.add(name);
    return result;
  };
  const running = () => [...beside, ...started].filter(({ name }) => !failed.has(name));

  try {
    bench.progress(`${measure}: starting the proxies`);
    for (const candidate of bench.proxies.filter(({ name }) => !failed.has(name))) {
      const proxy = await attempt(candidate.name, () => bench.start(candidate, { tls }));
      if (proxy !== null) started.push({ name: candidate.name, proxy });
    }
    for (const cell of cells) {
      bench.progress(`${measure}, ${cell.title}: warming up`);
      for (const one of running()) await attempt(one.name, async () => cell.warmUp(one));
      for (let round = first; round < last; round++) {
        if (round > first && bench.isLate()) break;
        bench.progress(`${measure}, ${cell.title}: round ${round + 1} of ${rounds}`);
        for (const one of inTurn(running(), round)) {
          samples.push(...((await attempt(one.name, () => cell.measure(one, round))) ?? []));
        }
      }
    }
    for (const { name } of running()) await attempt(name, () => bench.load.close(name));
  } finally {
    for (const { proxy } of started) await proxy.stop();
  }
  return samples;
}

/**
 * A B C, then C B A: no proxy always comes first, or always after the same one.
 * @template T
 * @param {readonly T[]} items
 * @param {number} round
 */
export function inTurn(items, round) {
  return round % 2 === 0 ? [...items] : [...items].reverse();
}

/**
 * How many of the proxies take part.
 * @param {readonly string[]} proxies
 * @param {{ without: readonly string[] }} plan
 */
export function countOf(proxies, { without }) {
  return proxies.filter((name) => !without.includes(name)).length;
}

const START_AND_STOP_MS = 700;

/**
 * About how long a stage takes.
 * @param {{ cells: number, rounds: number, roundsEach: number, proxies: number, warmupMs: number, windowMs: number }} stage
 *   `windowMs` with all that comes before and after it.
 */
export function stageSeconds({ cells, rounds, roundsEach, proxies, warmupMs, windowMs }) {
  const generations = Math.ceil(rounds / roundsEach);
  return (
    (proxies * (generations * (START_AND_STOP_MS + cells * warmupMs) + rounds * cells * windowMs)) / 1_000
  );
}
