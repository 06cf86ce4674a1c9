import { setTimeout } from 'node:timers/promises';
import type { Case, Kind } from './case.ts';
import { Corpus } from './corpus.ts';
import type { Fault } from './fault.ts';
import { type Finding, readCorpus } from './findings.ts';
import { generate } from './generate.ts';
import { shrinkCase, shrinkList } from './minimise.ts';
import { mutateCase } from './mutate-case.ts';
import { Random } from './random.ts';
import { Rig } from './rig.ts';

/** Connections under way at a time: fewer while echoes take longer than this, since a busy machine only finds timeouts. */
const AT_ONCE = 200;
const FEWEST_AT_ONCE = 16;
const BUSY_MS = 100;
/** How often everything comes to rest, to see whether anything is left. */
const REST_EVERY_MS = 20_000;
const LOOK_EVERY_MS = 250;
/** While the gateway loads and warms up everything is new. */
const WARM_UP_MS = 4_000;
const WARM_UP_CASES = 60;
/** Different faults after which it is enough. */
const MAX_FINDINGS = 5;
const SHRINK_MS = 90_000;

export interface CampaignOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly only: Kind | null;
  readonly coverage: boolean;
  readonly say: (line: string) => void;
}

export interface CampaignResult {
  readonly findings: readonly Finding[];
  readonly cases: number;
}

interface Suspicion {
  readonly fault: Fault;
  readonly suspects: readonly Case[];
}

/** Fuzzes until its time is over, then cuts down what it found. */
export class Campaign {
  readonly #options: CampaignOptions;
  readonly #corpus = new Corpus();
  readonly #suspicions = new Map<string, Suspicion>();
  readonly #underway = new Set<Case>();
  #recent: Case[] = [];
  #rig = new Rig();
  #cases = 0;
  #atOnce = FEWEST_AT_ONCE;
  #counts: Record<string, number> = {};

  constructor(options: CampaignOptions) {
    this.#options = options;
  }

  async run(): Promise<CampaignResult> {
    const { seconds, say, coverage } = this.#options;
    const endMs = performance.now() + seconds * 1_000;
    await this.#rig.start(coverage);
    // The first cases load code and grow pools: what is left after them counts as nothing.
    await Promise.all(readCorpus().map((kept) => this.#play(kept)));
    const warmUp = Array.from({ length: WARM_UP_CASES }, (_, i) =>
      generate(new Random(this.#options.seed, -1 - i), null),
    );
    await Promise.all(warmUp.map((each) => this.#play(each)));
    await this.#rest();
    while (performance.now() < endMs && this.#suspicions.size < MAX_FINDINGS) {
      const restMs = Math.min(endMs, performance.now() + REST_EVERY_MS);
      const looking = this.#lookUntil(restMs);
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.#worker(restMs)));
      await looking;
      await this.#rest();
      say(await this.#progress());
    }
    const findings: Finding[] = [];
    for (const suspicion of this.#suspicions.values()) findings.push(await this.#cutDown(suspicion));
    await this.#rig.stop();
    say(
      `what the gateway counted: ${Object.entries(this.#counts)
        .map(([what, times]) => `${what} ${times}`)
        .join(', ')}`,
    );
    return { findings, cases: this.#cases };
  }

  async #worker(untilMs: number): Promise<void> {
    while (
      performance.now() < untilMs &&
      this.#suspicions.size < MAX_FINDINGS &&
      this.#rig.gateway.gone === null
    )
      if (this.#underway.size < this.#atOnce) await this.#play(this.#next());
      else await setTimeout(LOOK_EVERY_MS);
  }

  /** As many at once as the machine can take. */
  #pace(): void {
    const isBusy = this.#rig.canaryDelay.latestMs > BUSY_MS;
    const next = isBusy ? this.#atOnce * 0.7 : this.#atOnce + 8;
    this.#atOnce = Math.min(AT_ONCE, Math.max(FEWEST_AT_ONCE, Math.round(next)));
  }

  #next(): Case {
    const { seed, only } = this.#options;
    const random = new Random(seed, this.#cases);
    const parent = random.oneIn(2) ? this.#corpus.pick(random) : null;
    if (parent === null || (only !== null && parent.kind !== only)) return generate(random, only);
    return mutateCase(parent, this.#corpus.pick(random) ?? parent, random);
  }

  async #play(played: Case): Promise<void> {
    this.#cases++;
    this.#underway.add(played);
    this.#recent.push(played);
    const fault = await this.#rig.play(played);
    this.#underway.delete(played);
    if (fault !== null && this.#rig.gateway.gone === null) this.#suspect(fault, [played]);
  }

  #suspect(fault: Fault, suspects: readonly Case[]): void {
    if (this.#suspicions.has(fault.name)) return;
    this.#options.say(`found: ${fault.name}: ${fault.detail}`);
    this.#suspicions.set(fault.name, { fault, suspects });
  }

  async #lookUntil(untilMs: number): Promise<void> {
    const warmUntilMs = performance.now() + (this.#corpus.size === 0 ? WARM_UP_MS : 0);
    while (performance.now() < untilMs && this.#suspicions.size < MAX_FINDINGS) {
      await setTimeout(LOOK_EVERY_MS);
      this.#pace();
      try {
        const fault = await this.#rig.look();
        if (fault !== null) this.#suspect(fault, this.#recent);
        const { newBytes } = await this.#rig.gateway.newCoverage();
        if (newBytes > 0 && performance.now() > warmUntilMs)
          this.#corpus.add(new Set([...this.#recent, ...this.#underway]));
        this.#recent = [];
      } catch {
        return;
      }
    }
  }

  /** Everything has to come to nothing now; a gateway that is no more is started anew. */
  async #rest(): Promise<void> {
    try {
      const fault = (await this.#rig.look()) ?? (await this.#rig.quiesce());
      if (fault !== null) this.#suspect(fault, this.#recent);
      this.#counts = { ...(await this.#rig.gateway.state()).counts };
      this.#recent = [];
      if (fault === null) return;
    } catch (error) {
      this.#suspect(
        { name: 'the gateway is gone', detail: this.#rig.gateway.gone ?? String(error) },
        this.#recent,
      );
    }
    await this.#renew();
  }

  async #renew(): Promise<void> {
    await this.#rig.stop();
    this.#rig = new Rig();
    await this.#rig.start(this.#options.coverage);
  }

  async #progress(): Promise<string> {
    const { coveredBytes, totalBytes } = await this.#rig.gateway.newCoverage();
    const { rssBytes } = await this.#rig.gateway.state();
    const percent =
      totalBytes === 0 ? '' : `, ${((100 * coveredBytes) / totalBytes).toFixed(1)} % of the loaded code`;
    return (
      `${this.#cases} cases${percent}, corpus ${this.#corpus.size}, ${Math.round(rssBytes / 1024 / 1024)} MiB, ` +
      `canary at worst ${Math.round(this.#rig.canaryDelay.worstMs)} ms, ${this.#suspicions.size} findings`
    );
  }

  /** The fewest and smallest cases that show the fault again. */
  async #cutDown({ fault, suspects }: Suspicion): Promise<Finding> {
    const { seed, say } = this.#options;
    const endMs = performance.now() + SHRINK_MS;
    const budget = () => performance.now() < endMs;
    const shows = async (cases: readonly Case[]): Promise<boolean> =>
      budget() && cases.length > 0 && (await this.#replay(cases)).some((found) => found.name === fault.name);
    say(`cutting down: ${fault.name}`);
    const repeatable = (await shows(suspects)) || (await shows(suspects));
    if (!repeatable) return { fault, seed, repeatable, cases: suspects };
    const fewest = suspects.length === 1 ? [...suspects] : await shrinkList(suspects, shows);
    const [only] = fewest;
    if (fewest.length !== 1 || only === undefined) return { fault, seed, repeatable, cases: fewest };
    const smallest = await shrinkCase(only, (smaller) => shows([smaller]), budget);
    return { fault, seed, repeatable, cases: [smallest] };
  }

  #replay(cases: readonly Case[]): Promise<Fault[]> {
    return replay(
      cases,
      () => this.#rig,
      () => this.#renew(),
    );
  }
}

/** Plays cases all at once and lets everything come to rest. */
export async function replay(
  cases: readonly Case[],
  rig: () => Rig,
  renew: () => Promise<void>,
): Promise<Fault[]> {
  try {
    const faults = await Promise.all(cases.map((each) => rig().play(each)));
    faults.push((await rig().look()) ?? (await rig().quiesce()));
    const found = faults.filter((fault) => fault !== null);
    if (found.some(({ name }) => name.startsWith('leak') || name === 'the canary')) await renew();
    return found;
  } catch {
    const detail = rig().gateway.gone ?? '';
    await renew();
    return [{ name: 'the gateway is gone', detail }];
  }
}
