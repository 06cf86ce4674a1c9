import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { reportDrain } from './drain-progress.ts';

const COUNTS = { opened: 9, ended: 0, refused: 0, held: 0, resumed: 0, pendingHandshakes: 0 };

describe('the report of a drain', () => {
  it('says how many connections are left and how long it will take, until it is over', async () => {
    const clock = new ManualClock();
    const logger = new RecordingLogger();
    let connections = 3;
    let finish = (): void => undefined;
    const stopped = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const stats = async () => ({ ...COUNTS, connections, drainMs: Math.max(0, 2500 - clock.now()) });
    const reported = reportDrain(stopped, stats, { clock, logger, everyMs: 1000 });
    for (; connections >= 0; connections--) {
      clock.advance(1000);
      await Promise.resolve();
    }
    finish();
    await reported;
    clock.advance(10_000);
    expect(logger.lines.map(({ fields }) => fields)).toEqual([
      { connections: 3, secondsLeft: 2 },
      { connections: 2, secondsLeft: 1 },
      { connections: 1, secondsLeft: 0 },
    ]);
    expect(clock.pending).toBe(0);
  });
});
