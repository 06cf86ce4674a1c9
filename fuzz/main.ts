// `npm run fuzz`: feeds a live gateway with whatever may come from clients and upstreams. Ends by itself.
import { Campaign, replay } from './campaign.ts';
import { type Finding, readFinding, saveFinding } from './findings.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { Rig } from './rig.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function fuzz({ seconds, seed: given, only, coverage }: Options & { task: 'fuzz' }): Promise<boolean> {
  const seed = given ?? Date.now() % 1_000_000_000;
  say(`seed ${seed}, ${seconds} s${only === null ? '' : `, ${only} only`}`);
  const began = performance.now();
  const campaign = new Campaign({ seed, seconds, only, coverage, say });
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

async function playAgain({ cases }: Finding): Promise<boolean> {
  let rig = new Rig();
  await rig.start(false);
  await rig.quiesce();
  const renew = async () => {
    await rig.stop();
    rig = new Rig();
    await rig.start(false);
  };
  const faults = await replay(cases, () => rig, renew);
  for (const { name, detail } of faults) say(`found: ${name}: ${detail}`);
  if (faults.length === 0) say('nothing is wrong with it');
  await rig.stop();
  return faults.length === 0;
}

/** What the command line asks for, ready to run; a mistake in it is one line and exit code 2. */
function readTask(): () => Promise<boolean> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options.task === 'fuzz') return () => fuzz(options);
    if (options.task === 'help') {
      say(USAGE);
      process.exit(0);
    }
    const finding = readFinding(options.file);
    return () => playAgain(finding);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

const fine = await readTask()();
process.exit(fine ? 0 : 1);
