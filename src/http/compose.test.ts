import { describe, expect, it } from 'vitest';
import { compose } from './compose.ts';
import type { Exchange, Middleware } from './exchange.ts';

const exchange = {} as Exchange;

describe('compose', () => {
  it('runs middlewares in order around the action', async () => {
    const seen: string[] = [];
    const around =
      (name: string): Middleware =>
      async (_, next) => {
        seen.push(`${name} in`);
        await next();
        seen.push(`${name} out`);
      };
    await compose([around('a'), around('b')], async () => void seen.push('action'))(exchange);
    expect(seen).toEqual(['a in', 'b in', 'action', 'b out', 'a out']);
  });

  it('leaves the action out when a middleware does not call next', async () => {
    let ran = false;
    await compose([async () => {}], async () => {
      ran = true;
    })(exchange);
    expect(ran).toBe(false);
  });

  it('refuses a second next', async () => {
    let runs = 0;
    const twice: Middleware = async (_, next) => {
      await next();
      await next();
    };
    const run = compose([twice], async () => {
      runs++;
    });
    await expect(run(exchange)).rejects.toThrow('more than once');
    expect(runs).toBe(1);
  });

  it('rejects with what a middleware or the action threw, thrown at once or later', async () => {
    const throws: Middleware = () => {
      throw new Error('at once');
    };
    await expect(compose([throws], async () => {})(exchange)).rejects.toThrow('at once');
    const pass: Middleware = (_, next) => next();
    await expect(compose([pass], async () => Promise.reject(new Error('later')))(exchange)).rejects.toThrow(
      'later',
    );
  });
});
