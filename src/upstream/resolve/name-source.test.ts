import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DnsServer, type DnsZone, startDnsServer } from '../../../test/support/dns-server.ts';
import { type Found, NameSource, type Question } from './name-source.ts';

let server: DnsServer;

beforeEach(async () => {
  server = await startDnsServer();
});

afterEach(() => server.close());

const source = (zone: DnsZone, question: Partial<Question> = {}): NameSource => {
  server.zone = zone;
  return new NameSource({ host: 'chat.test', srv: null, servers: [server.address], ...question });
};

const addresses = (found: readonly Found[]): string[] => found.map(({ address }) => address);

async function codeOf(finding: Promise<unknown>): Promise<unknown> {
  try {
    await finding;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  throw new Error('something was found');
}

describe('the addresses of a name', () => {
  it('are those of both families, each once', async () => {
    const names = source({ 'chat.test': { A: ['10.0.0.2', '10.0.0.1', '10.0.0.2'], AAAA: ['fd00::1'] } });
    expect(addresses(await names.find())).toEqual(['10.0.0.1', '10.0.0.2', 'fd00::1']);
    expect(server.asked.sort()).toEqual(['A chat.test', 'AAAA chat.test']);
  });

  it('come from the system when no server is named', async () => {
    const names = new NameSource({ host: 'localhost', srv: null, servers: null });
    expect(addresses(await names.find())).toContain('127.0.0.1');
  });

  it.each<[string, DnsZone, string]>([
    ['does not exist', {}, 'ENOTFOUND'],
    ['has no address', { 'chat.test': {} }, 'ENODATA'],
  ])('are an error when the name %s', async (_, zone, code) => {
    expect(await codeOf(source(zone).find())).toBe(code);
  });

  it('are an error when the server fails', async () => {
    const names = source({ 'chat.test': { A: ['10.0.0.1'] } });
    server.trouble = { kind: 'fails' };
    expect(await codeOf(names.find())).toBe('ESERVFAIL');
  });

  it('keep those of a family that fails, and lose those of a family that has none any more', async () => {
    const names = source({ 'chat.test': { A: ['10.0.0.1'], AAAA: ['fd00::1'] } });
    await names.find();
    server.trouble = { kind: 'fails', type: 'AAAA' };
    server.zone = { 'chat.test': { A: ['10.0.0.2'] } };
    expect(addresses(await names.find())).toEqual(['10.0.0.2', 'fd00::1']);
    server.trouble = null;
    expect(addresses(await names.find())).toEqual(['10.0.0.2']);
  });

  it('are given up on when cancelled', async () => {
    const names = source({});
    server.trouble = { kind: 'silent' };
    const finding = codeOf(names.find());
    names.cancel();
    expect(await finding).toBe('ECANCELLED');
  });
});

describe('the addresses of a service', () => {
  const srv = '_ws._tcp.chat.test';

  it('come with port, priority and weight', async () => {
    const names = source(
      {
        [srv]: {
          SRV: [
            { target: 'one.test', port: 9001, priority: 10, weight: 60 },
            { target: 'two.test', port: 9002, priority: 10, weight: 40 },
            { target: 'spare.test', port: 9003, priority: 20 },
          ],
        },
        'one.test': { A: ['10.0.0.1'] },
        'two.test': { A: ['10.0.0.2'], AAAA: ['fd00::2'] },
        'spare.test': { A: ['10.0.0.3'] },
      },
      { srv },
    );
    expect(await names.find()).toEqual([
      { address: '10.0.0.1', port: 9001, priority: 10, weight: 60 },
      { address: '10.0.0.2', port: 9002, priority: 10, weight: 20 },
      { address: 'fd00::2', port: 9002, priority: 10, weight: 20 },
      { address: '10.0.0.3', port: 9003, priority: 20, weight: 1 },
    ]);
  });

  it('have a very small chance with a weight of 0 among others', async () => {
    const names = source(
      {
        [srv]: { SRV: [0, 5].map((weight, i) => ({ target: `t${i}.test`, port: 80, weight })) },
        't0.test': { A: ['10.0.0.1'] },
        't1.test': { A: ['10.0.0.2'] },
      },
      { srv },
    );
    expect((await names.find()).map(({ weight }) => weight)).toEqual([0.01, 5]);
  });

  it('are those of the targets that can be resolved', async () => {
    const names = source(
      {
        [srv]: { SRV: ['there.test', 'missing.test'].map((target) => ({ target, port: 80 })) },
        'there.test': { A: ['10.0.0.1'] },
      },
      { srv },
    );
    expect(addresses(await names.find())).toEqual(['10.0.0.1']);
  });

  it.each<[string, DnsZone, string]>([
    ['there is no such service', {}, 'ENOTFOUND'],
    ['it has no targets', { [srv]: {} }, 'ENODATA'],
    ['it says that it is not to be had', { [srv]: { SRV: [{ target: '.', port: 0 }] } }, 'ENODATA'],
    ['no target exists', { [srv]: { SRV: [{ target: 'missing.test', port: 80 }] } }, 'ENOTFOUND'],
  ])('are an error when %s', async (_, zone, code) => {
    expect(await codeOf(source(zone, { srv }).find())).toBe(code);
  });
});
