import { checkHandshake } from '../websocket/handshake.ts';
import type { Answer, Exchange } from './exchange.ts';
import { problem } from './problem.ts';

/**
 * What to answer to a request that is not a valid opening handshake of a WebSocket (RFC 6455 §4.2.1): 426 where it
 * asks for no upgrade or for another version, 400 where a field is malformed. `null` for a valid one.
 */
export function checkUpgrade(exchange: Exchange): Answer | null {
  // It carries an offer only because it was checked.
  if (exchange.upgrade !== null) return null;
  const verdict = checkHandshake(exchange);
  if (!verdict.ok) return problem({ ...verdict.refusal, requestId: exchange.id });
  const detail = 'this connection cannot become a WebSocket';
  return problem({ status: 400, detail, requestId: exchange.id });
}
