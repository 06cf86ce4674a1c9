import type { HoldOptions } from '../../base/hold.ts';
import type { RelayEngine } from '../../base/relay.ts';
import { createRelayEngine, type RelayEngineParts } from '../engine.ts';
import { relaySuite } from '../relay.suite.ts';
import { HeldUpstream } from './held-upstream.ts';

/** Holds nobody: every loss and every close is one. */
const NEVER: HoldOptions = {
  attempts: 1,
  backoff: { initialMs: 1, maxMs: 1, jitter: 0 },
  bufferBytes: 65_536,
  on: [],
};

/** An engine whose upstreams are reached through a hold. */
function engineThroughHold(parts: RelayEngineParts): RelayEngine {
  const engine = createRelayEngine(parts);
  return {
    ...engine,
    start: (client, upstream, options, owner) => {
      const stream = new HeldUpstream(upstream, NEVER, {
        clock: parts.clock,
        random: () => 0,
        redial: () => Promise.resolve({ kind: 'refused', code: 1012, detail: 'not expected' }),
        closeTimeoutMs: options.closeTimeoutMs,
        owner: { held() {}, resumed() {}, holdFailed() {} },
      });
      return engine.start(client, { ...upstream, stream, head: new Uint8Array(0) }, options, owner);
    },
  };
}

relaySuite('createRelayEngine, the upstream through a hold', engineThroughHold);
