import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { memoryStorages } from '../base/memory-storage.ts';
import type { Problem } from '../base/problem.ts';
import type { Reading } from '../config/build.ts';
import type { Config } from '../config/config.ts';
import { idleForwarding } from '../forward/idle-forwarding.ts';
import { buildSnapshot } from './snapshot.ts';

/**
 * Does with a configuration all that a start does but listen: loads, checks, builds, and disposes of it again.
 * @throws {ConfigError} with every problem.
 */
export async function checkReading(
  reading: Reading,
  services: { readonly logger: Logger; readonly clock: Clock },
): Promise<{ readonly config: Config; readonly warnings: readonly Problem[] }> {
  const snapshot = await buildSnapshot(reading, {
    ...services,
    ...idleForwarding,
    memory: memoryStorages(services.clock),
  });
  await snapshot.release();
  return { config: snapshot.config, warnings: snapshot.warnings };
}
