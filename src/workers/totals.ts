import type { GatewayStats } from '../gateway/registry.ts';

const NONE: GatewayStats = {
  connections: 0,
  opened: 0,
  ended: 0,
  refused: 0,
  pendingHandshakes: 0,
  drainMs: 0,
  held: 0,
  resumed: 0,
};

/** What all of them count together. */
export function sumOf(all: Iterable<GatewayStats>): GatewayStats {
  let sum = NONE;
  for (const one of all) {
    sum = {
      connections: sum.connections + one.connections,
      opened: sum.opened + one.opened,
      ended: sum.ended + one.ended,
      refused: sum.refused + one.refused,
      held: sum.held + one.held,
      resumed: sum.resumed + one.resumed,
      pendingHandshakes: sum.pendingHandshakes + one.pendingHandshakes,
      drainMs: Math.max(sum.drainMs, one.drainMs),
    };
  }
  return sum;
}

/** What is left of a worker's counts when it is gone: its connections ended with it. */
export const afterTheEnd = ({ opened, refused, resumed }: GatewayStats): GatewayStats => ({
  ...NONE,
  opened,
  ended: opened,
  refused,
  resumed,
});
