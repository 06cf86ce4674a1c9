import { duration } from '../../plugin.ts';

/** A wait that something depends on: it cannot be switched off. */
export const deadline = (fallback: string) =>
  duration()
    .prefault(fallback)
    .refine((ms) => ms > 0, { error: 'must not be 0: every wait has to end' });
