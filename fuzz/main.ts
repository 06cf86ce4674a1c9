// `npm run fuzz`: feeds a live gateway with whatever may come from clients and upstreams. Ends by itself.
import { parseArgs } from 'node:util';
import { Campaign, replay } from './campaign.ts';
import { KINDS, type Kind } from './case.ts';
import { readFinding, saveFinding } from './findings.ts';
import { Rig } from './rig.ts';

const USAGE = `npm run fuzz -- [options]

  --seconds N        how long (60)
  --seed S           repeats a run; a new one each time by default
  --only KIND        one of ${KINDS.join(', ')}
  --no-coverage      choose cases by the seed alone, and not by what earlier ones reached
  --replay FILE      play the cases of a finding again
`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    only: { type: 'string' },
    'no-coverage': { type: 'boolean', default: false },
    replay: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} takes a whole number, not ${text}`);
  return Number(text);
}

function kindOf(text: string | undefined): Kind | null {
  if (text === undefined) return null;
  const kind = KINDS.find((each) => each === text);
  if (kind === undefined) throw new Error(`--only takes one of ${KINDS.join(', ')}, not ${text}`);
  return kind;
}

async function fuzz(): Promise<boolean> {
  const seconds = wholeNumber('seconds', values.seconds);
  const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : wholeNumber('seed', values.seed);
  const only = kindOf(values.only);
  say(`seed ${seed}, ${seconds} s${only === null ? '' : `, ${only} only`}`);
  const began = performance.now();
  const campaign = new Campaign({ seed, seconds, only, coverage: !values['no-coverage'], say });
  const { findings, cases } = await campaign.run();
  for (const finding of findings) {
    say(`${finding.repeatable ? 'repeatable' : 'seen once'}: ${finding.fault.name}: ${finding.fault.detail}`);
    say(`  npm run fuzz -- --replay ${saveFinding(finding)}`);
  }
  say(
    `${cases} cases in ${Math.round((performance.now() - began) / 1_000)} s, ${findings.length} findings (seed ${seed})`,
  );
  return findings.length === 0;
}

async function playAgain(path: string): Promise<boolean> {
  let rig = new Rig();
  await rig.start(false);
  await rig.quiesce();
  const renew = async () => {
    await rig.stop();
    rig = new Rig();
    await rig.start(false);
  };
  const faults = await replay(readFinding(path).cases, () => rig, renew);
  for (const { name, detail } of faults) say(`found: ${name}: ${detail}`);
  if (faults.length === 0) say('nothing is wrong with it');
  await rig.stop();
  return faults.length === 0;
}

if (values.help) {
  say(USAGE);
} else {
  const fine = await (values.replay === undefined ? fuzz() : playAgain(values.replay));
  process.exit(fine ? 0 : 1);
}
