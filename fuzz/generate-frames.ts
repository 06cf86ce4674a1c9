import type { Case, Step } from './case.ts';
import { frameSteps, mutateFrames, validFrames } from './frame-mutations.ts';
import type { Random } from './random.ts';
import { carrier, endOfFrames, validHandshake } from './steps.ts';

/** A case about what a client says later. */
export function framesCase(random: Random): Case {
  const deflate = random.oneIn(4);
  const frames = mutateFrames(
    validFrames(random, { masked: true, deflate }, random.below(5)),
    random,
    random.pick([0, 0, 1, 1, 2, 4]),
  );
  const early = random.oneIn(6);
  const steps: Step[] = [{ do: 'bytes', text: validHandshake(random, deflate) }];
  if (!early) steps.push({ do: 'answer' });
  if (random.oneIn(3)) steps.push({ do: 'behave' });
  return {
    kind: 'frames',
    over: carrier(random),
    client: [...steps, ...frameSteps(frames, random), ...endOfFrames(random, true)],
    upstream: null,
  };
}
