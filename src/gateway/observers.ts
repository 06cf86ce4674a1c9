import type { Logger } from '../base/logger.ts';
import type { Observer } from '../base/observer.ts';

/** One observer of several. One that throws is logged and disturbs neither the others nor the connection. */
export function allOf(observers: readonly Observer[], logger: Logger): Observer {
  const each = (tell: (observer: Observer) => void): void => {
    for (const observer of observers) {
      try {
        tell(observer);
      } catch (err) {
        logger.error({ err }, 'an observer threw');
      }
    }
  };
  return {
    opened: (connection) => each((observer) => observer.opened(connection)),
    held: (connection, detail) => each((observer) => observer.held?.(connection, detail)),
    resumed: (connection, heldMs) => each((observer) => observer.resumed?.(connection, heldMs)),
    ended: (connection, result) => each((observer) => observer.ended(connection, result)),
    refused: (refusal) => each((observer) => observer.refused(refusal)),
  };
}
