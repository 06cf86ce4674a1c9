import type { Connection } from '../base/connection.ts';
import { WsfwError } from '../base/errors.ts';
import type { Leg } from '../base/leg.ts';
import type { Logger } from '../base/logger.ts';
import type { Relay, RelayEngine, RelayOptions, RelayOwner } from '../base/relay.ts';
import { checkUpgrade } from '../http/check-upgrade.ts';
import type { AcceptedLeg, Exchange, UpgradeOffer } from '../http/exchange.ts';
import type { Dial, DialOutcome } from '../upstream/dial.ts';
import type { Lease } from '../upstream/pool/member.ts';
import { type Asking, askingOf } from './asking.ts';
import type { ForwardParts } from './contract.ts';
import { failureAnswer } from './failure.ts';
import type { Fleet } from './fleet.ts';
import { ForwardedConnection } from './forwarded-connection.ts';
import { HeldClient } from './held-client.ts';
import { reach } from './reach.ts';

type Parts = ForwardParts & { readonly dial: Dial };

/**
 * The way of an upgrade through the gateway:
 *
 * 1. check   – a request that is no valid handshake is refused (RFC 6455 §4.2.1)
 * 2. select  – an endpoint is chosen, and what goes to it is put together
 * 3. dial    – the upstream is asked first; the client waits. One that fails is replaced by another: back to 2
 * 4. accept  – on its 101 the client gets one, on another answer that answer, on a failure a problem
 * 5. relay   – both legs are joined, and the connection is announced
 * 6. result  – it is reported once, when both sockets are released
 */
export async function forwardTo(
  exchange: Exchange,
  fleetOf: () => Fleet,
  parts: Parts,
): Promise<Connection | null> {
  if (exchange.answered) throw new WsfwError('WSFW_ANSWERED_TWICE');
  // 1. check
  const { upgrade } = exchange;
  if (upgrade === null) {
    await exchange.respond(checkUpgrade(exchange) ?? failureAnswer(notAnUpgrade(), exchange.id));
    return null;
  }
  try {
    return await establish(exchange, upgrade, fleetOf(), parts);
  } catch (error) {
    await refuse(exchange, error as Error, parts.logger);
    return null;
  }
}

const notAnUpgrade = (): Error => new Error('the exchange carries no upgrade');

async function refuse(exchange: Exchange, error: Error, logger: Logger): Promise<void> {
  const left = error instanceof WsfwError && error.code === 'WSFW_CLIENT_LEFT';
  // Nobody is there to be answered.
  if (left && (exchange.answered || exchange.upgrade?.withdrawal.withdrawn)) return;
  if (exchange.answered)
    logger.error({ id: exchange.id, err: error }, 'a handshake failed after it was answered');
  else await exchange.respond(failureAnswer(error, exchange.id));
}

async function establish(
  exchange: Exchange,
  upgrade: UpgradeOffer,
  fleet: Fleet,
  parts: Parts,
): Promise<Connection | null> {
  // 2. select, 3. dial
  const asking = askingOf(exchange, upgrade, fleet.prepared);
  const { lease, outcome } = await reach(asking, fleet, parts);
  let connection: Connection | null = null;
  try {
    // 4. accept
    if (outcome.kind === 'answer') {
      await passOn(exchange, lease.member.name, outcome);
      return null;
    }
    const client = await accept(upgrade, outcome);
    // 5. relay
    connection = relay(exchange, asking, lease, client, outcome.leg, fleet, parts);
    fleet.pool.opened(lease, connection);
    return connection;
  } finally {
    if (connection === null) lease.release();
  }
}

type Answered = Extract<DialOutcome, { kind: 'answer' }>;
type Accepted = Extract<DialOutcome, { kind: 'accepted' }>;

/** Whatever becomes of the answer, its socket is released. */
async function passOn(
  exchange: Exchange,
  endpoint: string,
  { status, headers, body }: Answered,
): Promise<void> {
  try {
    await exchange.respond({ status, headers, body, reason: `${endpoint}: answered ${status}` });
  } finally {
    body.destroy();
  }
}

/** A client that has left by now takes the upstream along. */
async function accept(upgrade: UpgradeOffer, outcome: Accepted): Promise<AcceptedLeg> {
  const { leg, headers } = outcome;
  try {
    if (upgrade.withdrawal.withdrawn) throw new WsfwError('WSFW_CLIENT_LEFT');
    // A middleware may have offered more than the client did; the client must not hear of it (RFC 6455 §4.1).
    const subprotocol = upgrade.subprotocols.includes(leg.subprotocol) ? leg.subprotocol : '';
    return await upgrade.accept({ subprotocol, extensions: leg.extensions, headers });
  } catch (error) {
    leg.stream.destroy();
    throw error;
  }
}

function relay(
  exchange: Exchange,
  asking: Asking,
  lease: Lease,
  client: AcceptedLeg,
  upstream: Leg,
  fleet: Fleet,
  parts: Parts,
): Connection {
  const { id, route, locals } = exchange;
  const facts = {
    id,
    route,
    clientAddress: exchange.client.address,
    lease,
    subprotocol: upstream.subprotocol,
    locals: locals.size === 0 ? null : locals,
  };
  const { hold, relay: options } = fleet.prepared.options;
  const held = hold === undefined ? null : new HeldClient(asking, upstream, hold, fleet, parts);
  // 6. result: the relay tells the connection, which tells everybody else
  const start = (owner: RelayOwner): Relay =>
    startRelay(parts.engine, client, held?.leg ?? upstream, options, owner);
  const connection = new ForwardedConnection(facts, start, client, parts);
  held?.belongsTo(connection);
  parts.observer.opened(connection);
  return connection;
}

/** If it cannot be started, both legs are released. */
function startRelay(
  engine: RelayEngine,
  client: AcceptedLeg,
  upstream: Leg,
  options: RelayOptions,
  owner: RelayOwner,
): Relay {
  let [ours, theirs]: [Leg, Leg] = [client, upstream];
  try {
    ours = engine.prepare(client);
    theirs = engine.prepare(upstream);
    return engine.start(ours, theirs, options, owner);
  } catch (error) {
    theirs.stream.destroy();
    ours.stream.destroy();
    client.ended({ status: 101 });
    throw error;
  }
}
