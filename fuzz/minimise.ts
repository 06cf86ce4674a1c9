import type { Case, Step } from './case.ts';

/** Whether a smaller version still fails. */
export type Fails<T> = (smaller: T) => Promise<boolean>;

/** The shortest part of a list that still fails, found by taking out ever smaller pieces (delta debugging). */
export async function shrinkList<T>(list: readonly T[], fails: Fails<T[]>): Promise<T[]> {
  let kept = [...list];
  for (let size = kept.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const smaller = kept.toSpliced(at, size);
      if (await fails(smaller)) kept = smaller;
      else at += size;
    }
  }
  return kept;
}

/** The smallest version of a case that still fails, as far as `budget` goes. */
export async function shrinkCase(found: Case, fails: Fails<Case>, budget: () => boolean): Promise<Case> {
  let best = found;
  const tries = async (smaller: Case): Promise<boolean> => {
    if (!budget() || !(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  for (const side of ['client', 'upstream'] as const) {
    const steps = best[side];
    if (steps === null) continue;
    await shrinkList(steps, (smaller) => tries({ ...best, [side]: smaller }));
    for (let at = 0; at < (best[side]?.length ?? 0); at++) await shrinkStep(side, at);
  }
  return best;

  async function shrinkStep(side: 'client' | 'upstream', at: number): Promise<void> {
    const withStep = (step: Step): Case => ({ ...best, [side]: best[side]?.with(at, step) ?? null });
    const step = best[side]?.[at];
    if (step?.do === 'bytes') {
      await shrinkList(step.text.split(''), (letters) =>
        tries(withStep({ ...step, text: letters.join('') })),
      );
    } else if (step?.do === 'frame') {
      const once = { ...step.frame, times: 1 };
      const isSmaller = await tries(withStep({ ...step, frame: once }));
      await tries(withStep({ ...step, frame: { ...(isSmaller ? once : step.frame), payload: '' } }));
    }
  }
}
