import type { Forwarding } from './contract.ts';
import { prepareOptions } from './prepare.ts';

/** Finds what is wrong with options, and forwards nothing: for configurations that are only checked. */
export const idleForwarding: Forwarding = {
  forward: () => Promise.resolve(null),
  forwarder(options) {
    prepareOptions(options);
    return { forward: () => Promise.resolve(null), endpoints: () => [], stop() {} };
  },
};
