import { ConfigError } from '../base/config-error.ts';
import { createDial } from '../upstream/dial.ts';
import { createLookup } from '../upstream/lookup.ts';
import type { Forwarding, ForwardParts } from './contract.ts';
import { Fleet, type FleetParts } from './fleet.ts';
import { forwardTo } from './forward.ts';
import type { ForwardOptions } from './options.ts';
import { prepareOptions } from './prepare.ts';

/** Makes what forwards. All its fleets share look-ups. */
export function createForwarding(given: ForwardParts): Forwarding {
  const { clock, lookup = createLookup(clock), dial = createDial(clock, lookup) } = given;
  const parts = { ...given, lookup, dial };
  const fleetOf = fixedFleets(parts);
  return {
    forward: (exchange, options) => forwardTo(exchange, () => fleetOf(options), parts),
    forwarder(options, logger) {
      const fleet = new Fleet(prepareOptions(options), { ...parts, logger });
      fleet.start();
      return {
        forward: (exchange) => forwardTo(exchange, () => fleet, parts),
        endpoints: () => fleet.pool.stats(),
        stop: () => fleet.stop(),
      };
    },
  };
}

/** The endpoints of options that nobody starts or stops, made once for each options object for as long as it lives. */
function fixedFleets(parts: FleetParts): (options: ForwardOptions) => Fleet {
  const fleets = new WeakMap<ForwardOptions, Fleet>();
  return (options) => {
    let fleet = fleets.get(options);
    if (fleet === undefined) {
      const key = options.resolve === undefined ? 'healthCheck' : 'resolve';
      if (options[key] !== undefined)
        throw ConfigError.at([key], 'works with host.forwarder only, which ends with its component');
      fleet = new Fleet(prepareOptions(options), parts);
      fleets.set(options, fleet);
    }
    return fleet;
  };
}
