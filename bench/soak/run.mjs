// `npm run bench:soak`: minutes of mixed traffic through a real gateway, and then it must hold nothing that it did not
// hold before.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readArguments } from '../lib/arguments.mjs';
import { leftovers } from './compare.mjs';
import { Crowd } from './crowd.mjs';
import { startGateway } from './gateway.mjs';
import { Upstream } from './upstream.mjs';

const WARM_UP_MS = 15_000;
/** For the gateway to let go, once everybody has left. */
const SETTLE_MS = 20_000;
const SETTLE_EVERY_MS = 500;
const GLANCES = 10;

const USAGE = `Usage: npm run bench:soak -- [options]

  --minutes N   how long visitors come (default: 10; at most 1440); the warm-up before takes a quarter of a minute more
  --help        this text

Exit codes: 0 nothing is left, 1 something is left or went wrong, 2 it cannot do what it was asked for.`;

const { minutes } = readArguments(USAGE, () => {
  const { values } = parseArgs({
    options: { minutes: { type: 'string', default: '10' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) return null;
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 1_440))
    throw new Error(`--minutes takes a number above 0, up to 1440, not ${values.minutes}`);
  return { minutes };
});

const say = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);
const mib = (/** @type {number} */ bytes) => (bytes / 2 ** 20).toFixed(1);
/** @param {(string | number)[]} cells */
const row = (cells) => say(cells.map((cell) => String(cell).padStart(11)).join(''));

const upstream = new Upstream();
const { port, child } = await startGateway(await upstream.listen());
const crowd = new Crowd(port);

say(`warm-up, ${WARM_UP_MS / 1_000} s`);
crowd.oneOfEach();
await crowd.come(performance.now() + WARM_UP_MS);
const before = await settled(null);

say(`traffic, ${minutes} min`);
row(['seconds', 'visits', 'there now', 'sockets', 'heap MiB', 'RSS MiB']);
const beganAt = performance.now();
const coming = crowd.come(beganAt + minutes * 60_000);
for (let glance = 1; glance <= GLANCES; glance++) {
  await pause(Math.max(0, beganAt + (glance / GLANCES) * minutes * 60_000 - performance.now()));
  const { sockets, heapBytes, rssBytes } = await child.ask('glance');
  const seconds = Math.round((performance.now() - beganAt) / 1_000);
  row([seconds, crowd.total, crowd.size, sockets, mib(heapBytes), mib(rssBytes)]);
}
await coming;
const after = await settled(before);

say('');
say([...crowd.visits].map(([name, times]) => `${name} ${times}`).join(', '));
row(['', 'sockets', 'heap MiB', 'RSS MiB']);
for (const [when, { sockets, heapBytes, rssBytes }] of Object.entries({ before, after }))
  row([when, sockets, mib(heapBytes), mib(rssBytes)]);
for (const [what, count] of Object.entries({ ...after.handles, ...after.objects }))
  say(`${what}: ${count}, at first ${before.handles[what] ?? before.objects[what] ?? 0}`);

const wrong = leftovers(before, after);
if (child.output !== '') wrong.push(`the gateway logged: ${child.output}`);
for (const [what, times] of crowd.failures) wrong.push(`${what} (${times} times)`);
await child.stop();
upstream.stop();
say('');
say(wrong.length === 0 ? 'nothing is left' : `LEFT OR WRONG:\n${wrong.slice(0, 20).join('\n')}`);
process.exitCode = wrong.length === 0 ? 0 : 1;

/**
 * What the gateway holds when all have left and it has let go, or has had its time.
 * @param {import('./probe.mjs').Holdings | null} baseline
 * @returns {Promise<import('./probe.mjs').Holdings>}
 */
async function settled(baseline) {
  await crowd.leave();
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const holdings = await child.ask('holdings');
    const isIdle = Object.values(holdings.objects).every((count) => count === 0);
    const isDone = isIdle && (baseline === null || leftovers(baseline, holdings).length === 0);
    if (isDone || performance.now() > deadline) return holdings;
    await pause(SETTLE_EVERY_MS);
  }
}
