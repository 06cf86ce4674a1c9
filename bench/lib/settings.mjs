import { parseArgs } from 'node:util';
import { PROXIES } from '../proxies/index.mjs';

/**
 * @typedef {object} Settings
 * @property {boolean} quick
 * @property {boolean} assert Whether a missed target is a failure.
 * @property {string} out Folder for the results.
 * @property {readonly string[]} proxies
 * @property {boolean} chosen Whether the user named the proxies, so that each must be there.
 * @property {readonly ('cpu' | 'handshakes' | 'memory')[]} measures
 * @property {CpuSettings} cpu
 * @property {HandshakeSettings} handshakes
 * @property {MemorySettings} memory
 *
 * @typedef {object} CpuSettings
 * @property {number} size Bytes of payload a message.
 * @property {number} connections
 * @property {readonly number[]} depths Messages in flight on each connection.
 * @property {number} rounds
 * @property {number} roundsEach Rounds after which all proxies are started anew.
 * @property {number} warmupMs Once a proxy and depth, so that its code is compiled.
 * @property {number} rampMs Before each measured window, unmeasured.
 * @property {number} windowMs
 *
 * @typedef {object} HandshakeSettings
 * @property {number} concurrency Connections that open and close at the same time.
 * @property {number} rounds
 * @property {number} roundsEach
 * @property {number} warmupMs
 * @property {number} windowMs
 *
 * @typedef {object} MemorySettings
 * @property {number} few Idle connections at the first reading.
 * @property {number} many Idle connections at the second.
 * @property {number} rounds
 * @property {number} churns How often `few` connections come and go before the first reading.
 * @property {readonly string[]} nodeFlags
 * @property {Record<string, string>} env
 */

/** @type {Pick<Settings, 'cpu' | 'handshakes' | 'memory'>} */
const FULL = {
  cpu: {
    size: 128,
    connections: 100,
    depths: [1, 8],
    rounds: 60,
    roundsEach: 10,
    warmupMs: 2_000,
    rampMs: 50,
    windowMs: 300,
  },
  handshakes: { concurrency: 32, rounds: 30, roundsEach: 10, warmupMs: 2_000, windowMs: 400 },
  memory: {
    few: 200,
    many: 2_000,
    rounds: 7,
    churns: 5,
    // A young generation of one fixed size, since it grows by megabytes whenever V8 sees fit; and no half-empty
    // pages, in which new connections would cost nothing.
    nodeFlags: ['--min-semi-space-size=1', '--max-semi-space-size=1', '--compact-on-every-full-gc'],
    // glibc gives back what the compiler's threads have freed, instead of keeping some megabytes or not.
    env: { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '65536' },
  },
};

/** @type {Pick<Settings, 'cpu' | 'handshakes' | 'memory'>} */
const QUICK = {
  cpu: { ...FULL.cpu, rounds: 30, roundsEach: 6, warmupMs: 1_000 },
  handshakes: { ...FULL.handshakes, rounds: 20, roundsEach: 5, warmupMs: 1_500 },
  memory: { ...FULL.memory, rounds: 5 },
};

const QUICK_PROXIES = ['wsfw', 'bare'];

export const USAGE = `Usage: npm run bench -- [options]

  --quick            fewer rounds and only wsfw and the bare relay: two minutes at most
  --proxies a,b      only these: ${PROXIES.map((proxy) => proxy.name).join(', ')}
  --measures a,b     only these: cpu, handshakes, memory
  --rounds N         rounds of each measure
  --out FOLDER       where the results go (default: bench/results)
  --assert           exit with 1 when a target is not met
  --help             this text

Exit codes: 0 measured, 1 a target was not met (only with --assert), 2 something failed to run.`;

/**
 * @param {string[]} args
 * @param {string} defaultOut
 * @returns {Settings | null} `null` when help was asked for
 * @throws {Error} what is wrong with the arguments
 */
export function readSettings(args, defaultOut) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      proxies: { type: 'string' },
      measures: { type: 'string', default: 'cpu,handshakes,memory' },
      rounds: { type: 'string' },
      out: { type: 'string', default: defaultOut },
      assert: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;

  const known = PROXIES.map((proxy) => proxy.name);
  const { cpu, handshakes, memory } = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? {} : { rounds: wholeNumber('--rounds', values.rounds) };
  return {
    quick: values.quick,
    assert: values.assert,
    out: values.out,
    chosen: values.proxies !== undefined,
    proxies: namesIn('--proxies', values.proxies ?? (values.quick ? QUICK_PROXIES : known).join(','), known),
    measures: namesIn('--measures', values.measures, /** @type {const} */ (['cpu', 'handshakes', 'memory'])),
    cpu: { ...cpu, ...rounds },
    handshakes: { ...handshakes, ...rounds },
    memory: { ...memory, ...rounds },
  };
}

/**
 * @template {string} T
 * @param {string} option
 * @param {string} text
 * @param {readonly T[]} known
 * @returns {T[]}
 */
function namesIn(option, text, known) {
  return text.split(',').map((part) => {
    const name = known.find((candidate) => candidate === part.trim());
    if (name === undefined)
      throw new Error(`${option}: there is no "${part.trim()}", only ${known.join(', ')}`);
    return name;
  });
}

/**
 * @param {string} option
 * @param {string} text
 */
function wholeNumber(option, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${option}: "${text}" is not a whole number above 0`);
  return value;
}
