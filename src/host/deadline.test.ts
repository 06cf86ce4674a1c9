import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { DeadlineError, withDeadline } from './deadline.ts';

const never = (): Promise<never> => new Promise(() => {});

describe('withDeadline', () => {
  it('hands over what the work gives, and lets go of the clock', async () => {
    const clock = new ManualClock();
    expect(await withDeadline(clock, () => 1)).toBe(1);
    await expect(withDeadline(clock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(clock.pending).toBe(0);
  });

  it('turns what is thrown at once into a rejection', async () => {
    const work = (): never => {
      throw new Error('at once');
    };
    await expect(withDeadline(new ManualClock(), work)).rejects.toThrow('at once');
  });

  it('rejects after ten seconds', async () => {
    const clock = new ManualClock();
    const waiting = withDeadline(clock, never);
    clock.advance(10_000);
    await expect(waiting).rejects.toThrow(DeadlineError);
  });

  it('keeps a process alive that has nothing else to do until then', async () => {
    const built = new URL('../../dist/host/deadline.js', import.meta.url).href;
    const script = `
      import { withDeadline } from ${JSON.stringify(built)};
      const clock = { after(_, f) { const timer = setTimeout(f, 50).unref(); return () => clearTimeout(timer); } };
      await withDeadline(clock, () => new Promise(() => {})).catch((error) => console.log(error.name));
    `;
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd });
    expect((await run).stdout).toBe('DeadlineError\n');
  });
});
