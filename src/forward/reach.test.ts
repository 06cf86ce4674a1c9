import { PassThrough, Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeExchange, type FakeRequest, HANDSHAKE } from '../../test/support/fake-exchange.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { nameOf } from '../../test/support/pools.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { type ErrorCode, WsfwError } from '../base/errors.ts';
import { HeaderList } from '../base/header-list.ts';
import type { DialOutcome, DialRequest } from '../upstream/dial.ts';
import { DialError, type DialStage } from '../upstream/dial-error.ts';
import { askingOf } from './asking.ts';
import { Fleet } from './fleet.ts';
import type { ForwardOptions } from './options.ts';
import { prepareOptions } from './prepare.ts';
import { type Reached, reach } from './reach.ts';

/** What an endpoint makes of a handshake: a status, or an error at a stage. */
type Behaviour = number | [ErrorCode, DialStage] | WsfwError;

class Rig {
  readonly clock = new ManualClock();
  readonly logger = new RecordingLogger();
  readonly fleet: Fleet;
  /** The endpoints that were asked, in order: `a b`. */
  readonly asked: DialRequest[] = [];
  readonly bodies: Readable[] = [];
  readonly behaviours: Record<string, Behaviour>;
  onDial: () => void = () => {};

  constructor(behaviours: Record<string, Behaviour>, options: Partial<ForwardOptions> = {}) {
    this.behaviours = { ...behaviours };
    const prepared = prepareOptions({
      upstreamEndpoints: Object.keys(behaviours).map((name) => `ws://${name}.test/`),
      connectTimeoutMs: 5_000,
      handshakeTimeoutMs: 10_000,
      preserveHost: true,
      headers: { set: {}, remove: [] },
      tls: {},
      relay: {
        pingIntervalMs: 0,
        pongTimeoutMs: 0,
        maxInactivityMs: 0,
        closeTimeoutMs: 5_000,
        writeTimeoutMs: 0,
        maxMessageBytes: 0,
        maxControlFrames: 100,
      },
      ...options,
    });
    this.fleet = new Fleet(prepared, {
      clock: this.clock,
      logger: this.logger,
      dial: this.dial,
      lookup: () => {},
      drain: () => {},
    });
  }

  readonly dial = (request: DialRequest): Promise<DialOutcome> => {
    this.asked.push(request);
    this.onDial();
    const behaviour = this.behaviours[nameOf(request.endpoint.name)] ?? 101;
    if (behaviour instanceof WsfwError) return Promise.reject(behaviour);
    if (Array.isArray(behaviour))
      return Promise.reject(new DialError(behaviour[0], behaviour[0], behaviour[1]));
    const headers = new HeaderList();
    if (behaviour === 101) {
      const leg = { stream: new PassThrough(), head: new Uint8Array(), subprotocol: '', extensions: '' };
      return Promise.resolve({ kind: 'accepted', leg, headers });
    }
    const body = Readable.from([]);
    this.bodies.push(body);
    return Promise.resolve({ kind: 'answer', status: behaviour, headers, body });
  };

  async reach(request: FakeRequest = {}): Promise<Reached> {
    const exchange = new FakeExchange({ headers: HANDSHAKE, ...request });
    const { upgrade } = exchange;
    if (upgrade === null) throw new Error('no upgrade');
    return reach(askingOf(exchange, upgrade, this.fleet.prepared), this.fleet, this);
  }

  /** What came of a handshake: a status, or an error's code. */
  async outcome(): Promise<number | string> {
    try {
      const { outcome } = await this.reach();
      return outcome.kind === 'accepted' ? 101 : outcome.status;
    } catch (error) {
      return (error as WsfwError).code;
    }
  }

  /** How many endpoints were asked since the last look. */
  get dials(): number {
    return this.asked.splice(0).length;
  }

  get connections(): number {
    return this.fleet.pool.connections;
  }
}

let rig: Rig;

const UNREACHABLE: Behaviour = ['WSFW_UPSTREAM_UNREACHABLE', 'connect'];

describe('a handshake whose endpoint fails', () => {
  it.each<[string, Behaviour]>([
    ['refuses the connection', UNREACHABLE],
    ['does not take it in time', ['WSFW_UPSTREAM_CONNECT_TIMEOUT', 'connect']],
    ['fails at TLS', ['WSFW_UPSTREAM_TLS', 'tls']],
    ['resets before any byte of an answer', ['WSFW_UPSTREAM_UNREACHABLE', 'answer']],
    ['answers 502', 502],
    ['answers 503', 503],
    ['answers 504', 504],
  ])('goes to another when it %s', async (_, behaviour) => {
    rig = new Rig({ a: behaviour, b: 101, c: 101 });
    for (let i = 0; i < 6; i++) expect(await rig.outcome()).toBe(101);
    const asked = rig.asked.map(({ endpoint }) => nameOf(endpoint.name));
    const failedAt = asked.indexOf('a');
    expect(failedAt).toBeGreaterThanOrEqual(0);
    expect(['b', 'c']).toContain(asked[failedAt + 1]);
    expect(rig.connections).toBe(6);
    for (const body of rig.bodies) expect(body.destroyed).toBe(true);
  });

  it.each<[string, Behaviour, number | string]>([
    ['breaks off within its answer', ['WSFW_UPSTREAM_UNREACHABLE', 'begun'], 'WSFW_UPSTREAM_UNREACHABLE'],
    ['answers with what is no handshake', ['WSFW_UPSTREAM_INVALID', 'begun'], 'WSFW_UPSTREAM_INVALID'],
    ['answers 401', 401, 401],
    ['answers 404', 404, 404],
    ['answers 429', 429, 429],
    ['answers 500', 500, 500],
    ['answers 101', 101, 101],
  ])('stays there when it %s', async (_, behaviour, outcome) => {
    rig = new Rig({ a: behaviour, b: behaviour });
    expect(await rig.outcome()).toBe(outcome);
    expect(rig.dials).toBe(1);
  });

  it.each<[string, WsfwError, string]>([
    ['the machine is short of something', new DialError('WSFW_OVERLOADED', '', 'connect'), 'WSFW_OVERLOADED'],
    ['the client has left', new WsfwError('WSFW_CLIENT_LEFT'), 'WSFW_CLIENT_LEFT'],
    ['the path cannot be mapped', new WsfwError('WSFW_BAD_TARGET'), 'WSFW_BAD_TARGET'],
  ])('blames nobody and tries no other when %s', async (_, error, code) => {
    rig = new Rig({ a: error, b: error });
    expect(await rig.outcome()).toBe(code);
    expect(rig.dials).toBe(1);
    expect(rig.fleet.pool.stats().every(({ failed }) => failed === 0)).toBe(true);
    expect(rig.connections).toBe(0);
  });
});

describe('retries', () => {
  const broken = { a: UNREACHABLE, b: UNREACHABLE, c: UNREACHABLE, d: UNREACHABLE };

  it.each([
    [0, 1],
    [1, 2],
    [2, 3],
    [9, 4],
  ])('of %i ask %i of four endpoints, each once', async (retries, dials) => {
    rig = new Rig(broken, { retries });
    expect(await rig.outcome()).toBe('WSFW_UPSTREAM_UNREACHABLE');
    expect(new Set(rig.asked.map(({ endpoint }) => endpoint.name)).size).toBe(dials);
    expect(rig.dials).toBe(dials);
    expect(rig.connections).toBe(0);
  });

  it('are two when nothing else is said', async () => {
    rig = new Rig(broken);
    await rig.outcome();
    expect(rig.dials).toBe(3);
  });

  it('ask the only endpoint once', async () => {
    rig = new Rig({ a: 503 });
    expect(await rig.outcome()).toBe(503);
    expect(rig.dials).toBe(1);
  });

  it('pass the last answer on, and throw none away that could be passed on', async () => {
    rig = new Rig({ a: 503, b: 504 });
    const { lease, outcome } = await rig.reach();
    expect(outcome).toMatchObject({ kind: 'answer', status: nameOf(lease.member.name) === 'a' ? 503 : 504 });
    expect(rig.bodies.map(({ destroyed }) => destroyed)).toEqual([true, false]);
    expect(rig.connections).toBe(1);
    lease.release();
    expect(rig.connections).toBe(0);
  });

  it('share one deadline, and end with it', async () => {
    rig = new Rig(broken, { retries: 9 });
    rig.onDial = () => rig.clock.advance(4_000);
    await rig.outcome();
    expect(rig.asked.map(({ deadlineMs }) => deadlineMs)).toEqual([10_000, 10_000, 10_000]);
  });

  it('pass over endpoints that are full', async () => {
    rig = new Rig(
      { a: UNREACHABLE, b: 101 },
      {
        upstreamEndpoints: ['ws://a.test/', { url: 'ws://b.test/', maxConnections: 1 }],
      },
    );
    const outcomes = [await rig.outcome(), await rig.outcome(), await rig.outcome()];
    expect(outcomes.filter((outcome) => outcome === 101)).toHaveLength(1);
  });
});

describe('a fleet that can take no more', () => {
  it('refuses when all endpoints are full, until a connection ends', async () => {
    rig = new Rig({ a: 101 }, { maxConnections: 2 });
    const first = await rig.reach();
    await rig.reach();
    expect(await rig.outcome()).toBe('WSFW_NO_ENDPOINT');
    first.lease.release();
    expect(await rig.outcome()).toBe(101);
  });
});

describe('a balancer that hashes', () => {
  const cookies = (value: string): FakeRequest => ({
    headers: [...HANDSHAKE, ['Cookie', `a=b; session=${value}`]],
  });
  const endpoints = { a: 101, b: 101, c: 101, d: 101 };

  beforeEach(() => {
    rig = new Rig(endpoints, { balancer: { hash: 'cookie:session' } });
  });

  const nameFor = async (request: FakeRequest): Promise<string> => {
    const { lease } = await rig.reach({ upgrade: new FakeExchange().upgrade, ...request });
    return nameOf(lease.member.name);
  };

  it('sends the same key to the same endpoint, and different keys to different ones', async () => {
    const names = new Set<string>();
    for (let user = 0; user < 20; user++) {
      const name = await nameFor(cookies(`user-${user}`));
      expect(await nameFor(cookies(`user-${user}`))).toBe(name);
      names.add(name);
    }
    expect([...names].sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('moves a key whose endpoint fails, and no other', async () => {
    const before = await nameFor(cookies('ada'));
    rig.behaviours[before] = UNREACHABLE;
    const heir = await nameFor(cookies('ada'));
    expect(heir).not.toBe(before);
    expect(await nameFor(cookies('ada'))).toBe(heir);
  });

  it('lets requests without the key take turns', async () => {
    const names = [await nameFor({}), await nameFor({}), await nameFor({}), await nameFor({})];
    expect(names.sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});
