import { describe } from 'vitest';
import { backpressureSuite } from './suite/backpressure.suite.ts';
import { causesSuite } from './suite/causes.suite.ts';
import { chaosSuite } from './suite/chaos.suite.ts';
import { closeSuite } from './suite/close.suite.ts';
import { heartbeatSuite } from './suite/heartbeat.suite.ts';
import { limitsSuite } from './suite/limits.suite.ts';
import { lossSuite } from './suite/loss.suite.ts';
import { operationsSuite } from './suite/operations.suite.ts';
import type { MakeEngine } from './suite/rig.suite.ts';
import { streamsSuite } from './suite/streams.suite.ts';
import { transparencySuite } from './suite/transparency.suite.ts';

/** What every relay engine has to do, whatever it is made of: the design's rules of the wire, seen from both ends. */
export function relaySuite(name: string, makeEngine: MakeEngine): void {
  describe(name, () => {
    transparencySuite(makeEngine);
    streamsSuite(makeEngine);
    causesSuite(makeEngine);
    closeSuite(makeEngine);
    lossSuite(makeEngine);
    heartbeatSuite(makeEngine);
    limitsSuite(makeEngine);
    backpressureSuite(makeEngine);
    operationsSuite(makeEngine);
    chaosSuite(makeEngine);
  });
}
