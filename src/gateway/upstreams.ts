import type { Logger } from '../base/logger.ts';
import type { Forwarding, OwnedForwarder } from '../forward/contract.ts';
import type { ForwardOptions } from '../forward/options.ts';
import type { EndpointStats } from '../upstream/pool/pool.ts';

/** The endpoints of one component that forwards. */
export interface UpstreamStats {
  /** `actions.Chat`: how the configuration calls it. */
  readonly component: string;
  readonly endpoints: readonly EndpointStats[];
}

/** Every forwarder at work, with the component that it belongs to. */
export class Upstreams {
  readonly #components = new Map<OwnedForwarder, string>();

  /** Makes a forwarder that is listed until it is stopped. */
  forwarder(
    forwarding: Forwarding,
    options: ForwardOptions,
    logger: Logger,
    component: string,
  ): OwnedForwarder {
    const made = forwarding.forwarder(options, logger);
    const listed: OwnedForwarder = {
      ...made,
      stop: () => {
        this.#components.delete(listed);
        made.stop();
      },
    };
    this.#components.set(listed, component);
    return listed;
  }

  stats(): readonly UpstreamStats[] {
    return [...this.#components].map(([forwarder, component]) => ({
      component,
      endpoints: forwarder.endpoints(),
    }));
  }
}
