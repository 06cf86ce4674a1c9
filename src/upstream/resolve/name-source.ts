import { ADDRCONFIG, promises as dns, type SrvRecord } from 'node:dns';

/** What to ask the DNS for. */
export interface Question {
  /** The name whose addresses are wanted, unless `srv` names a service. */
  readonly host: string;
  /** `_ws._tcp.chat.internal` (RFC 2782), or `null`. */
  readonly srv: string | null;
  /** `host` or `host:port` of the DNS servers to ask. `null`: those of the system, and its hosts file. */
  readonly servers: readonly string[] | null;
}

/** One address behind a name. */
export interface Found {
  readonly address: string;
  /** From an SRV record, else `null`. */
  readonly port: number | null;
  /** RFC 2782: the lower, the sooner. */
  readonly priority: number;
  /** Share among the addresses of a priority. */
  readonly weight: number;
}

/** By query. */
type Answers = Map<string, readonly string[]>;

/** One look-up: what it asks, and what it has been told. */
interface Round {
  readonly resolver: dns.Resolver;
  readonly answers: Answers;
}

const TRY_MS = 2_000;
const TRIES = 2;
/** What "a very small chance" is (RFC 2782, of records with a weight of 0 among others). */
const VERY_SMALL = 0.01;

/** That there is nothing, in two ways: no such name, or none of that kind. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA']);

/** Asks for what stands behind one name, again and again. */
export class NameSource {
  readonly #question: Question;
  #resolver: dns.Resolver | null = null;
  /** The last good answers, since one query of several may fail. */
  #known: Answers = new Map();

  constructor(question: Question) {
    this.#question = question;
  }

  /**
   * At least one address, sorted, each once.
   * @throws when there is none, or none could be had. Its `code` is `ENOTFOUND` for a name that does not exist, `ENODATA`
   * for one without addresses, or another of `node:dns`.
   */
  async find(): Promise<readonly Found[]> {
    const { host, srv, servers } = this.#question;
    // A resolver reads once which servers the system has.
    const resolver = new dns.Resolver({ timeout: TRY_MS, tries: TRIES });
    if (servers !== null) resolver.setServers(servers);
    this.#resolver = resolver;
    const round: Round = { resolver, answers: new Map() };
    const found = srv === null ? await this.#behindName(host, round) : await this.#behindService(srv, round);
    this.#known = round.answers;
    return found;
  }

  /** Gives up on what is under way, as far as the system lets go of it. */
  cancel(): void {
    this.#resolver?.cancel();
  }

  async #behindName(host: string, round: Round): Promise<readonly Found[]> {
    const addresses = await this.#addresses(host, round);
    return addresses.map((address) => ({ address, port: null, priority: 0, weight: 1 }));
  }

  async #behindService(srv: string, round: Round): Promise<readonly Found[]> {
    const records = await round.resolver.resolveSrv(srv);
    // A target of "." says that the service is not to be had here (RFC 2782).
    const targets = records.filter(({ name }) => name !== '' && name !== '.');
    const all = await Promise.allSettled(targets.map((record) => this.#behindRecord(record, targets, round)));
    const found = all.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    if (found.length > 0) return unique(found);
    throw worst(all) ?? nothing(srv);
  }

  async #behindRecord(record: SrvRecord, all: readonly SrvRecord[], round: Round): Promise<readonly Found[]> {
    const { name, port, priority } = record;
    const addresses = await this.#addresses(name, round);
    const weight = weightOf(record, all) / addresses.length;
    return addresses.map((address) => ({ address, port, priority, weight }));
  }

  /** All that the queries have found. One that failed says nothing about what the others have found. */
  async #addresses(host: string, round: Round): Promise<readonly string[]> {
    const { resolver, answers } = round;
    const queries =
      this.#question.servers === null
        ? [this.#ask(`* ${host}`, () => askSystem(host), answers)]
        : [
            this.#ask(`A ${host}`, () => resolver.resolve4(host), answers),
            this.#ask(`AAAA ${host}`, () => resolver.resolve6(host), answers),
          ];
    const all = await Promise.allSettled(queries);
    const found = all.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    if (found.length > 0) return [...new Set(found)].sort();
    throw worst(all) ?? nothing(host);
  }

  /** Of a query that fails, the last good answer stays. That there is nothing is an answer. */
  async #ask(
    query: string,
    ask: () => Promise<readonly string[]>,
    answers: Answers,
  ): Promise<readonly string[]> {
    try {
      const answer = await ask();
      answers.set(query, answer);
      return answer;
    } catch (error) {
      const known = this.#known.get(query);
      if (known === undefined || NOTHING.has(codeOf(error))) throw error;
      answers.set(query, known);
      return known;
    }
  }
}

/** Of several errors the one that says most: that something failed, before that there is nothing. */
function worst(all: readonly PromiseSettledResult<unknown>[]): Error | undefined {
  const reasons = all.filter((each) => each.status === 'rejected').map(({ reason }) => reason as Error);
  return reasons.find((reason) => !NOTHING.has(codeOf(reason))) ?? reasons[0];
}

// The system's way, so that its hosts file and search domains count, and no IPv6 address on a machine without IPv6.
async function askSystem(host: string): Promise<readonly string[]> {
  const found = await dns.lookup(host, { all: true, verbatim: true, hints: ADDRCONFIG });
  return found.map(({ address }) => address);
}

function weightOf(record: SrvRecord, all: readonly SrvRecord[]): number {
  const rivals = all.filter(({ priority }) => priority === record.priority);
  if (rivals.every(({ weight }) => weight === 0)) return 1;
  return record.weight === 0 ? VERY_SMALL : record.weight;
}

/** Two records may lead to the same address and port: the one of the lower priority counts. */
function unique(found: readonly Found[]): readonly Found[] {
  const sorted = [...found].sort((a, b) => a.priority - b.priority || (keyOf(a) < keyOf(b) ? -1 : 1));
  return sorted.filter((one, i) => sorted.findIndex((other) => keyOf(other) === keyOf(one)) === i);
}

const keyOf = ({ address, port }: Found): string => `${address} ${port}`;

const nothing = (name: string): Error =>
  Object.assign(new Error(`nothing is known of ${name}`), { code: 'ENODATA' });

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
