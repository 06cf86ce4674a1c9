import { z } from 'zod';
import { duration } from '../../plugin.ts';

const OFF: readonly unknown[] = [false, 0, '0', 'false', 'off'];
const ON: readonly unknown[] = [true, null, 'true', 'on'];

/**
 * A map of options that does its work by being there, if only as `{}`. Who writes something else is told what to write.
 * @param durationKey the option that is meant by a duration in place of the map, as in `maxAge: 1h`.
 */
export const switchableMap = <T extends z.core.$ZodLooseShape>(shape: T, durationKey?: string & keyof T) =>
  z.strictObject(shape, {
    error: ({ code, input }) => (code === 'invalid_type' ? expected(input, durationKey) : undefined),
  });

function expected(input: unknown, durationKey: string | undefined): string | undefined {
  if (OFF.includes(input)) return 'expected a map: leave it out to have none';
  if (ON.includes(input)) return 'expected a map: write {} for the defaults';
  const isDuration = typeof input === 'string' && duration().safeParse(input).success;
  return isDuration && durationKey !== undefined
    ? `expected a map: write {${durationKey}: ${input}}`
    : undefined;
}
