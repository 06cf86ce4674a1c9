import type { z } from 'zod';
import type { KeyPath, Problem } from '../base/problem.ts';
import { type Config, placeOf } from './config.ts';
import type { serverSchema } from './schema.ts';

/** What is legal but surely unwanted, as far as the core keys alone show it. */
export function warningsOf(
  config: Omit<Config, 'warnings'>,
  server: z.infer<typeof serverSchema> | undefined,
): readonly Problem[] {
  const warnings: Problem[] = [];
  const warn = (path: KeyPath, message: string): void => {
    warnings.push({ place: placeOf(config.places, path), path, message });
  };
  if (server?.tls === false && server.certFile !== undefined) {
    warn(['server', 'certFile'], 'has no effect: connections are not encrypted unless tls is true');
  }
  const { periodMs, timeoutMs } = config.server.drain;
  if (periodMs !== null && periodMs > timeoutMs) {
    warn(['server', 'drain', 'period'], 'is longer than timeout, which ends connections before their turn');
  }
  config.server.trustedProxies.forEach((range, i) => {
    if (range.endsWith('/0')) {
      warn(['server', 'trustedProxies', i], 'lets every client choose the address it seems to come from');
    }
  });
  const { live, ready } = config.server.healthRoutes ?? {};
  config.routes.forEach(({ path }, i) => {
    if (path !== live && path !== ready) return;
    warn(['routes', i, 'path'], 'is never reached: the health route of the same path answers');
  });
  if (config.routes.length === 0) warn(['routes'], 'there are none: every request but for health gets 404');
  return warnings;
}
