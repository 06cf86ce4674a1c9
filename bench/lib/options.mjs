import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROXIES } from '../proxies/index.mjs';
import { MEASURE_NAMES } from './measures.mjs';
import { FULL, narrow, QUICK, TINY } from './plan.mjs';

/**
 * @typedef {object} Options
 * @property {'full' | 'quick' | 'tiny'} extent
 * @property {boolean} assert Whether a missed target is a failure.
 * @property {string} out Folder for the results.
 * @property {readonly string[]} proxies
 * @property {boolean} proxiesChosen Whether the user named the proxies, so that each must be there.
 * @property {readonly import('./measures.mjs').MeasureName[]} measures
 * @property {boolean} measuresChosen
 * @property {string} command To get the same again.
 * @property {import('./plan.mjs').Plan} plan
 */

const PLANS = { full: FULL, quick: QUICK, tiny: TINY };
const BRIEF_PROXIES = ['wsfw', 'bare'];
/** What makes a run another one than that whose results are kept. */
const NARROWING = /** @type {const} */ (['proxies', 'measures', 'sizes', 'connections', 'depths', 'rounds']);

export const USAGE = `Usage: npm run bench -- [options]

  --quick              fewer rounds and only wsfw and the bare relay: two minutes
  --tiny               each measure once and briefly, of wsfw and the bare relay, to see that it works:
                       its figures say nothing
  --proxies a,b        only these: ${PROXIES.map((proxy) => proxy.name).join(', ')}
  --measures a,b       only these: ${MEASURE_NAMES.join(', ')}
  --sizes a,b          only messages of so many bytes, as in the plan: 128, 1024, 16384, 65536
  --connections a,b    only so many connections: 100, 1000
  --depths a,b         only so many messages in flight on each connection: 1, 8
  --rounds N           rounds of each measure
  --out FOLDER         where the results go (default: bench/results for a full run; bench/results/local, which
                       Git ignores, with any of the options above)
  --assert             exit with 1 when a target is not met
  --help               this text

Exit codes: 0 measured, 1 a target was not met (only with --assert), 2 something failed to run.`;

/**
 * @param {string[]} args
 * @param {string} results Folder of the results that are kept, those of a full run.
 * @returns {Options | null} `null` when help was asked for
 * @throws {Error} what is wrong with the arguments
 */
export function readOptions(args, results) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      tiny: { type: 'boolean', default: false },
      proxies: { type: 'string' },
      measures: { type: 'string' },
      sizes: { type: 'string' },
      connections: { type: 'string' },
      depths: { type: 'string' },
      rounds: { type: 'string' },
      out: { type: 'string' },
      assert: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;

  const known = PROXIES.map((proxy) => proxy.name);
  const extent = values.tiny ? 'tiny' : values.quick ? 'quick' : 'full';
  const whole = extent === 'full' && NARROWING.every((name) => values[name] === undefined);
  const proxies = values.proxies ?? (extent === 'full' ? known : BRIEF_PROXIES).join(',');
  return {
    extent,
    assert: values.assert,
    out: values.out ?? (whole ? results : join(results, 'local')),
    proxies: namesIn('--proxies', proxies, known),
    proxiesChosen: values.proxies !== undefined,
    measures: namesIn('--measures', values.measures ?? MEASURE_NAMES.join(','), MEASURE_NAMES),
    measuresChosen: values.measures !== undefined,
    command: commandOf(args),
    plan: narrow(PLANS[extent], {
      ...optional('rounds', values.rounds, (text) => wholeNumber('--rounds', text)),
      ...optional('sizes', values.sizes, (text) => numbersIn('--sizes', text)),
      ...optional('connections', values.connections, (text) => numbersIn('--connections', text)),
      ...optional('depths', values.depths, (text) => numbersIn('--depths', text)),
    }),
  };
}

/**
 * Where the results went is nobody's business who reads them.
 * @param {readonly string[]} args
 */
function commandOf(args) {
  const shown = args.filter((arg, index) => !arg.startsWith('--out') && args[index - 1] !== '--out');
  return ['npm run bench', ...(shown.length > 0 ? ['--', ...shown] : [])].join(' ');
}

/**
 * @template {string} K
 * @template T
 * @param {K} key
 * @param {string | undefined} text
 * @param {(text: string) => T} read
 * @returns {Partial<Record<K, T>>}
 */
function optional(key, text, read) {
  return text === undefined ? {} : /** @type {Partial<Record<K, T>>} */ ({ [key]: read(text) });
}

/**
 * @template {string} T
 * @param {string} option
 * @param {string} text
 * @param {readonly T[]} known
 * @returns {T[]} in the order in which they are known
 */
function namesIn(option, text, known) {
  const asked = text.split(',').map((part) => part.trim());
  const unknown = asked.find((name) => !known.some((candidate) => candidate === name));
  if (unknown !== undefined) throw new Error(`${option}: there is no "${unknown}", only ${known.join(', ')}`);
  return known.filter((name) => asked.includes(name));
}

/**
 * @param {string} option
 * @param {string} text
 */
function numbersIn(option, text) {
  return text.split(',').map((part) => wholeNumber(option, part));
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
