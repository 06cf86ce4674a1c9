// Loaded into every Node proxy before its own code (`node --import`): answers the benchmark's questions about the
// process where the operating system does not, and collects garbage when asked. It does nothing unasked.
import { answerParent } from './messenger.mjs';
import { ownUsage } from './usage.mjs';

answerParent({
  usage: ownUsage,
  collectGarbage() {
    globalThis.gc?.();
  },
});

// The proxy ends when its own work does, as if nobody listened here.
process.channel?.unref();
