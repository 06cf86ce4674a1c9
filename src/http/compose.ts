import type { Action, Middleware } from './exchange.ts';

/**
 * One function of a route's middlewares, in order, and its action. A middleware that calls `next()` a second time
 * gets a rejection: the action must not run twice for one request.
 */
export function compose(middlewares: readonly Middleware[], action: Action): Action {
  return (exchange) => {
    let reached = -1;
    const step = (index: number): Promise<void> => {
      if (index <= reached) throw new Error('next() was called more than once');
      reached = index;
      const middleware = middlewares[index];
      return middleware === undefined ? action(exchange) : middleware(exchange, () => run(index + 1));
    };
    // A plugin's function may throw at once, or return nothing.
    const run = (index: number): Promise<void> => {
      try {
        return Promise.resolve(step(index));
      } catch (error) {
        return Promise.reject(error as Error);
      }
    };
    return run(0);
  };
}
