import { z } from 'zod';
import { DURATION_PATTERN, parseDuration } from './duration.ts';
import { parseSize, SIZE_PATTERN } from './size.ts';

/** What a value schema hands over: `T` after parsing, `I` as people write it. */
export type ValueSchema<T, I> = z.ZodType<T, I>;

type Parsed = { readonly value: number } | { readonly wrong: string };

/** `text` and `number` are annotated for editors; the parser alone decides. */
function parsed(
  text: z.ZodString,
  number: z.ZodNumber,
  expected: string,
  parse: (input: string | number) => Parsed,
) {
  return z.union([text, number], { error: expected }).transform((input, context) => {
    const result = parse(input);
    if ('value' in result) return result.value;
    context.addIssue({ code: 'custom', message: result.wrong });
    return z.NEVER;
  });
}

/**
 * A duration: `250ms`, `30s`, `1m30s`, `2h`, or `0`; in milliseconds after parsing, 2^31 - 1 at most (what a timer can
 * wait). Give a default with `.prefault('30s')`, so that documentation and editors show it as people write it.
 */
export function duration(): ValueSchema<number, string | number> {
  const text = z.string().meta({ pattern: DURATION_PATTERN, examples: ['30s'] });
  return parsed(text, z.number().meta({ const: 0 }), 'expected a duration such as 30s', parseDuration);
}

/**
 * A size: `512`, `64KiB`, `1MiB`, or `64KB`, `1MB` as powers of ten; in bytes after parsing. Give a default with
 * `.prefault('64KiB')`.
 */
export function byteSize(): ValueSchema<number, string | number> {
  const text = z.string().meta({ pattern: SIZE_PATTERN, examples: ['64KiB'] });
  return parsed(
    text,
    z.number().meta({ type: 'integer', minimum: 0 }),
    'expected a size such as 64KiB',
    parseSize,
  );
}

/** A text that must not be shown: itself, or the file that holds it. Read it with `readSecret`. */
export type Secret = string | { readonly file: string };

/** A secret: a text, or `{file: /run/secrets/key}`. Parsing reads no file; `readSecret` does. */
export function secret(): ValueSchema<Secret, Secret> {
  const file = z.strictObject({
    file: z.string().min(1).describe('File that holds it, relative to this one.'),
  });
  // The sentence must not start with "expected": what was found would be quoted.
  return z.union([z.string().min(1), file], {
    error: 'must be a text, or {file: PATH} that names the file it is in',
  });
}

/** The configuration of a component that has no options. */
export const noConfig: z.ZodType<Record<string, never>, Record<string, never> | null | undefined> = z
  .strictObject({})
  .nullish()
  .transform((): Record<string, never> => ({}));
