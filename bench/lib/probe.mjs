// Loaded into every Node proxy before its own code (`node --import`): answers the benchmark's questions about the
// process where the operating system does not, and collects garbage when asked. It does nothing unasked.
import cluster from 'node:cluster';
import { answerParent } from './messenger.mjs';
import { ownUsage } from './usage.mjs';

// A worker's channel leads to its own primary, which asks other things.
if (cluster.isPrimary) {
  answerParent({
    usage: ownUsage,
    collectGarbage() {
      globalThis.gc?.();
    },
  });

  // The proxy ends when its own work does, as if nobody listened here.
  process.channel?.unref();
}
