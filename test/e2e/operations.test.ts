import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { silentLogger } from '../../src/base/logger.ts';
import { readConfig, readObject } from '../../src/config/load.ts';
import { checkReading } from '../../src/gateway/check.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const page = read('docs/operations.md');
const service = read('deploy/systemd/wsfw.service');
const dockerfile = read('deploy/docker/Dockerfile');

interface ConfigMap {
  readonly data: { readonly 'wsfw.yaml': string };
}

interface Deployment {
  readonly spec: { readonly template: { readonly spec: Pod } };
}

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [Container];
}

interface Container {
  readonly env: readonly [{ readonly name: string; readonly value: string }];
  readonly ports: readonly [{ readonly containerPort: number }];
  readonly readinessProbe: Probe & { readonly periodSeconds: number; readonly failureThreshold: number };
  readonly livenessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly resources: { readonly limits: { readonly memory: string } };
}

interface Probe {
  readonly httpGet: { readonly path: string };
}

const [configMap, deployment] = parseAllDocuments(read('deploy/kubernetes/wsfw.yaml')).map(
  (document) => document.toJS() as unknown,
) as [ConfigMap, Deployment];
const pod = deployment.spec.template.spec;
const container = pod.containers[0];

const services = { logger: silentLogger, clock: new ManualClock() };
const fromFiles = async (paths: string) => checkReading(await readConfig(paths), services);
const deployed = () => fromFiles(new URL('deploy/config', ROOT).pathname);

/** The number that a pattern finds. */
function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  expect(found, `${pattern} finds nothing`).toBeDefined();
  return Number(found);
}

/** What the ConfigMap brings. */
const mounted = () => fromFiles(temporaryFolder({ 'wsfw.yaml': configMap.data['wsfw.yaml'] }));

/** How long a stop may take. */
const stopSeconds = ({ delayMs, timeoutMs }: { delayMs: number; timeoutMs: number }): number =>
  (delayMs + timeoutMs) / 1000;

describe('the configurations of operations.md', () => {
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

  it.each(blocks)('are what wsfw check has nothing to say about: %s', async (text) => {
    const folder = temporaryFolder({
      'tls/fullchain.pem': read('test/support/certificates/server.pem'),
      'tls/privkey.pem': read('test/support/certificates/server-key.pem'),
    });
    const { server } = parse(text) as { server: unknown };
    const { actions, middlewares, plugins, routes } = parse(read('deploy/config/wsfw.yaml')) as Record<
      string,
      unknown
    >;
    const upstream = JSON.stringify(actions).replace(/\$\{\w+:-([^}]*)\}/, '$1');
    const whole = { server, plugins, middlewares, actions: JSON.parse(upstream) as unknown, routes };
    expect((await checkReading(readObject(whole, folder), services)).warnings).toEqual([]);
  });

  it('are valid in deploy/config and in the ConfigMap', async () => {
    expect((await deployed()).warnings).toEqual([]);
    expect((await mounted()).warnings).toEqual([]);
  });
});

describe('the times of deploy/', () => {
  it('let a gateway drain before systemd, Docker or Kubernetes kills it', async () => {
    const drain = stopSeconds((await deployed()).config.server.drain);
    const workersMore = 15;
    expect(numberIn(service, /^TimeoutStopSec=(\d+)$/m)).toBeGreaterThan(drain + workersMore);
    expect(numberIn(page, /--stop-timeout (\d+)/)).toBeGreaterThan(drain);

    const inPod = stopSeconds((await mounted()).config.server.drain);
    const preStop = container.lifecycle.preStop.sleep.seconds;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(preStop + inPod);
  });

  it('let readiness fail within the delay of the drain', async () => {
    const { periodSeconds, failureThreshold } = container.readinessProbe;
    const { delayMs } = (await mounted()).config.server.drain;
    expect(periodSeconds * failureThreshold * 1000).toBeLessThan(delayMs);
  });
});

describe('the files of deploy/', () => {
  it('agree on port, health routes and memory', async () => {
    const { address, healthRoutes } = (await deployed()).config.server;
    expect(numberIn(dockerfile, /^EXPOSE (\d+)$/m)).toBe(address.port);
    expect(dockerfile).toContain(`fetch('http://127.0.0.1:${address.port}${healthRoutes?.live}')`);

    const { server } = (await mounted()).config;
    expect(container.ports[0].containerPort).toBe(server.address.port);
    expect(container.livenessProbe.httpGet.path).toBe(server.healthRoutes?.live);
    expect(container.readinessProbe.httpGet.path).toBe(server.healthRoutes?.ready);

    const heap = numberIn(container.env[0].value, /^--max-old-space-size=(\d+)$/);
    expect(heap / numberIn(container.resources.limits.memory, /^(\d+)Mi$/)).toBeLessThan(0.7);
  });
});

describe('what operations.md says to watch', () => {
  const sources = readdirSync(new URL('src', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => read(join('src', file)))
    .join('\n');
  const rows = page
    .slice(page.indexOf('| line | means |'), page.indexOf('Exit code 70'))
    .split('\n')
    .slice(2);
  const lines = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]{8,})`/g)]);

  it.each(lines.map((match) => match[1] ?? ''))('is what the gateway logs: %s', (line) => {
    expect(sources).toContain(line);
  });
});
