import { describe } from 'vitest';
import type { MakeEngine } from './suite/rig.suite.ts';
import { transparencySuite } from './suite/transparency.suite.ts';

/** What every relay engine has to do, whatever it is made of: the design's rules of the wire, seen from both ends. */
export function relaySuite(name: string, makeEngine: MakeEngine): void {
  describe(name, () => {
    transparencySuite(makeEngine);
  });
}
