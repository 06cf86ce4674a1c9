// Shows where a proxy's time goes: profiles it under load and draws flame graphs. profiles/README.md says how to read them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Echo, Load } from './measures/processes.mjs';
import { drawFlameGraph } from './profiling/flame-graph.mjs';
import { LOADS } from './profiling/loads.mjs';
import { newProfiler } from './profiling/profiler.mjs';
import { foldStacks, hottest } from './profiling/stack-tree.mjs';
import { PROXIES } from './proxies/index.mjs';

/** A proxy that pings nobody has nothing to show for the others. */
const BUSY_LOADS = LOADS.map(({ name }) => name)
  .filter((name) => name !== 'heartbeats')
  .join(',');

const USAGE = `Usage: npm run bench:profile -- [options]

  --proxies a,b      default: wsfw,bare; there are ${PROXIES.map(({ name }) => name).join(', ')}
  --loads a,b        default: all but heartbeats of ${LOADS.map(({ name }) => name).join(', ')}
  --seconds N        how long each is looked at (default: 6)
  --top N            also prints the N functions that ran most themselves
  --out FOLDER       where the flame graphs go (default: bench/profiles)
  --help             this text`;

await main().catch((error) => {
  console.error(`The profile could not be made. ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
});

async function main() {
  const { values } = parseArgs({
    options: {
      proxies: { type: 'string', default: 'wsfw,bare' },
      loads: { type: 'string', default: BUSY_LOADS },
      seconds: { type: 'string', default: '6' },
      top: { type: 'string', default: '0' },
      out: { type: 'string', default: join(import.meta.dirname, 'profiles') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const proxies = named(PROXIES, values.proxies);
  const loads = named(LOADS, values.loads);
  mkdirSync(values.out, { recursive: true });
  for (const load of loads) {
    for (const proxy of proxies) {
      const profile = await profileOnce(proxy, load, Number(values.seconds) * 1000);
      const file = join(values.out, `${proxy.name}-${load.name}.svg`);
      writeFileSync(file, drawFlameGraph(profile.root, profile));
      console.log(`${profile.title}: ${profile.done}. Written to ${file}.`);
      for (const { name, self } of hottest(profile.root, Number(values.top))) {
        console.log(`  ${((self / profile.root.total) * 100).toFixed(2).padStart(6)} %  ${name}`);
      }
    }
  }
}

/**
 * @param {import('./proxies/index.mjs').Proxy} proxy
 * @param {import('./profiling/loads.mjs').ProfiledLoad} what
 * @param {number} durationMs
 */
async function profileOnce(proxy, what, durationMs) {
  const version = proxy.find();
  if (version === null) throw new Error(`${proxy.name} is not on this machine.`);
  const profiler = newProfiler();
  const echo = new Echo();
  const load = new Load();
  /** @type {import('./proxies/index.mjs').RunningProxy | null} */
  let running = null;
  try {
    await echo.start();
    const { nodeFlags, env } = profiler;
    running = await proxy.start({ upstreamPort: echo.port, tls: null, workers: 1, nodeFlags, env });
    await what.prepare(load, running.port);
    await profiler.start(running.pids);
    const done = await what.run(load, running.port, durationMs);
    const stacks = await profiler.stop();
    await what.finish(load);
    if (stacks.length === 0) throw new Error(`${profiler.title} saw nothing of ${proxy.name}.`);
    return {
      root: foldStacks(stacks, `${proxy.name} ${version}`),
      title: `${proxy.title}: ${what.title}`,
      subtitle: `${done}; ${stacks.length.toLocaleString('en')} samples; ${profiler.title}; Node ${process.versions.node}`,
      done,
    };
  } finally {
    await running?.stop();
    await load.stop();
    await echo.stop();
    profiler.dispose();
  }
}

/**
 * @template {{ name: string }} T
 * @param {readonly T[]} all
 * @param {string} names
 */
function named(all, names) {
  return names.split(',').map((name) => {
    const found = all.find((one) => one.name === name.trim());
    if (found === undefined)
      throw new Error(`There is no "${name}", only ${all.map((one) => one.name).join(', ')}.`);
    return found;
  });
}
