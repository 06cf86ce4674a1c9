import { labelOf } from './cells.mjs';

/** Who the benchmark is about. */
export const SUBJECT = 'wsfw';
/** The least that a proxy on Node can cost. */
export const FLOOR = 'bare';

/**
 * What wsfw may use at most, as a ratio to another proxy in the same run.
 * @typedef {object} Target
 * @property {string} against
 * @property {import('./measures.mjs').MeasureName} measure
 * @property {readonly string[]} settings
 * @property {number} atMost
 */

const ONE = labelOf({ size: 128, connections: 100, depth: 1 });
const EIGHT = labelOf({ size: 128, connections: 100, depth: 8 });
const LARGE = [1, 8].map((depth) => labelOf({ size: 65_536, connections: 100, depth }));
const IDLE = 'idle';
const OPENING = '32 at once';

/**
 * @param {string} against
 * @param {{ cpu?: [readonly string[], number][], memory?: number, handshakes?: number }} atMost
 * @returns {Target[]}
 */
function targetsAgainst(against, { cpu = [], memory, handshakes }) {
  /** @type {Target[]} */
  const targets = cpu.map(([settings, most]) => ({ against, measure: 'cpu', settings, atMost: most }));
  if (memory !== undefined) targets.push({ against, measure: 'memory', settings: [IDLE], atMost: memory });
  if (handshakes !== undefined)
    targets.push({ against, measure: 'handshakes', settings: [OPENING], atMost: handshakes });
  return targets;
}

/** @type {readonly Target[]} */
export const TARGETS = [
  ...targetsAgainst(FLOOR, { cpu: [[[ONE, EIGHT], 1.1]], memory: 1.15, handshakes: 1.3 }),
  ...targetsAgainst('http-proxy', { cpu: [[[ONE, EIGHT], 0.85]], memory: 0.7, handshakes: 0.75 }),
  ...targetsAgainst('http-proxy-3', { cpu: [[[ONE, EIGHT], 0.85]], memory: 0.7, handshakes: 0.75 }),
  ...targetsAgainst('fastify', { cpu: [[[ONE, EIGHT], 0.45]], memory: 0.6, handshakes: 0.6 }),
  ...targetsAgainst('ws', { cpu: [[[EIGHT], 0.4]], memory: 0.8, handshakes: 0.6 }),
  ...targetsAgainst('caddy', { cpu: [[[ONE, EIGHT], 0.9]], memory: 0.15, handshakes: 1 }),
  ...targetsAgainst('nginx', {
    cpu: [
      [[ONE], 2],
      [[EIGHT], 1.6],
      [LARGE, 0.7],
    ],
    memory: 0.6,
    handshakes: 4,
  }),
  ...targetsAgainst('haproxy', {
    cpu: [
      [[ONE], 2],
      [[EIGHT], 1.6],
    ],
    handshakes: 4,
  }),
];

/**
 * @param {string} measure
 * @param {string} setting
 * @param {string} against
 */
export function targetOf(measure, setting, against) {
  return TARGETS.find(
    (target) => target.measure === measure && target.against === against && target.settings.includes(setting),
  );
}

/**
 * Whether any target is about this.
 * @param {string} measure
 * @param {string} setting
 */
export function isAimedAt(measure, setting) {
  return TARGETS.some((target) => target.measure === measure && target.settings.includes(setting));
}
