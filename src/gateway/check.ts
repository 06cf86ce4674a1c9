import type { Clock } from '../base/clock.ts';
import { ConfigError, isConfigError } from '../base/config-error.ts';
import type { Logger } from '../base/logger.ts';
import type { Problem } from '../base/problem.ts';
import type { Reading } from '../config/build.ts';
import type { Config } from '../config/config.ts';
import { buildSnapshot, type Snapshot } from './snapshot.ts';
import { certificateProblems } from './tls.ts';

/**
 * Does with a configuration all that a start does but listen: loads, checks, builds, and disposes of it again.
 * @throws {ConfigError} with every problem, those of the listener's certificate included.
 */
export async function checkReading(
  reading: Reading,
  services: { readonly logger: Logger; readonly clock: Clock },
): Promise<{ readonly config: Config; readonly warnings: readonly Problem[] }> {
  const problems = reading.config === null ? [] : await certificateProblems(reading.config);
  const snapshot = await build(reading, services, problems);
  const release = snapshot.retain();
  release();
  await snapshot.disposed;
  if (problems.length > 0) throw new ConfigError(problems);
  return { config: snapshot.config, warnings: snapshot.warnings };
}

async function build(
  reading: Reading,
  services: { readonly logger: Logger; readonly clock: Clock },
  problems: readonly Problem[],
): Promise<Snapshot> {
  try {
    return await buildSnapshot(reading, { ...services, forward: () => Promise.resolve(null) });
  } catch (error) {
    throw isConfigError(error) ? new ConfigError([...error.problems, ...problems]) : error;
  }
}
