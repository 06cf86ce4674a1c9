import { resolve } from 'node:path';
import { MemoryStorage } from '../../src/base/memory-storage.ts';
import type { Host } from '../../src/host/contract.ts';
import { ManualClock } from './manual-clock.ts';
import { RecordingLogger } from './recording-logger.ts';

/** What a component's `create` needs, with everything observable. */
export function fakeHost(given: Partial<Host> = {}) {
  const disposers: (() => void | Promise<void>)[] = [];
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const { forward = () => Promise.resolve(null) } = given;
  const host: Host = {
    logger,
    clock,
    forward,
    forwarder: (options) => ({ forward: (exchange) => forward(exchange, options), endpoints: () => [] }),
    storage() {
      throw new Error('there are no storages here');
    },
    memory: new MemoryStorage(clock),
    resolvePath: (path) => resolve('/', path),
    onDispose: (f) => void disposers.push(f),
    ...given,
  };
  const dispose = async (): Promise<void> => {
    for (const f of disposers.reverse()) await f();
  };
  return { host, clock, logger, dispose };
}
