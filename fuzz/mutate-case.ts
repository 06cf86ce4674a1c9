import type { Case, Step } from './case.ts';
import { mutateFrame } from './frame-mutations.ts';
import type { Random } from './random.ts';
import { mutateText } from './text-mutations.ts';

const TEMPERS: readonly Step[] = [
  { do: 'turn' },
  { do: 'wait', ms: 30 },
  { do: 'pieces', size: 1 },
  { do: 'pieces', size: 3 },
  { do: 'behave' },
  { do: 'close' },
  { do: 'end' },
  { do: 'reset' },
];

/** A child of a case that reached something new, perhaps crossed with another one. */
export function mutateCase(parent: Case, other: Case, random: Random): Case {
  const child = structuredClone(parent);
  if (random.oneIn(6)) child.over = random.pick(['tcp', 'tls']);
  const times = random.pick([1, 1, 2, 3]);
  for (let i = 0; i < times; i++) {
    const side = child.upstream === null || random.oneIn(2) ? 'client' : 'upstream';
    const steps = child[side];
    if (steps !== null) child[side] = mutateSteps(steps, structuredClone(other[side] ?? []), random);
  }
  return child;
}

function mutateSteps(steps: Step[], others: readonly Step[], random: Random): Step[] {
  const at = random.below(steps.length + 1);
  const step = steps[at];
  return random.weighted<() => Step[]>([
    [6, () => (step === undefined ? steps : steps.toSpliced(at, 1, ...mutateStep(step, random)))],
    [1, () => steps.toSpliced(at, 1)],
    [1, () => (step === undefined ? steps : steps.toSpliced(at, 0, step))],
    [2, () => steps.toSpliced(at, 0, random.pick(TEMPERS))],
    [1, () => [...steps.slice(0, at), ...others.slice(random.below(others.length + 1))]],
    [1, () => steps.toSpliced(at, 0, ...others.filter((other) => other.do === 'frame').slice(0, 4))],
  ])();
}

function mutateStep(step: Step, random: Random): Step[] {
  if (step.do === 'bytes') return [{ ...step, text: mutateText(step.text, random, random.between(1, 2)) }];
  if (step.do === 'frame') return mutateFrame(step.frame, random).map((frame) => ({ do: 'frame', frame }));
  if (step.do === 'wait') return [{ do: 'wait', ms: random.below(600) }];
  return [step, random.pick(TEMPERS)];
}
