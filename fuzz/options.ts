import { parseArgs } from 'node:util';
import { KINDS, type Kind } from './case.ts';

export const USAGE = `Usage: npm run fuzz -- [options]

  --seconds N        how long (60)
  --seed S           begins as another run did; a new one each time by default
  --only KIND        one of ${KINDS.join(', ')}
  --no-coverage      choose cases by the seed alone, and not by what earlier ones reached: then a seed repeats a run
  --replay FILE      play the cases of a finding again
  --help             this text

Exit codes: 0 nothing was found, 1 something was, 2 it cannot do what it was asked for.`;

/** What the command line asks for. */
export type Options =
  | { readonly task: 'help' }
  | { readonly task: 'replay'; readonly file: string }
  | {
      readonly task: 'fuzz';
      readonly seconds: number;
      /** `null`: a new one. */
      readonly seed: number | null;
      /** `null`: all kinds. */
      readonly only: Kind | null;
      readonly coverage: boolean;
    };

/** @throws {Error} what is wrong with the arguments. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      only: { type: 'string' },
      'no-coverage': { type: 'boolean', default: false },
      replay: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { task: 'help' };
  if (values.replay !== undefined) return { task: 'replay', file: values.replay };
  return {
    task: 'fuzz',
    seconds: wholeNumber('seconds', values.seconds),
    seed: values.seed === undefined ? null : wholeNumber('seed', values.seed),
    only: kindOf(values.only),
    coverage: !values['no-coverage'],
  };
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} takes a whole number, not ${text}`);
  return Number(text);
}

function kindOf(text: string | undefined): Kind | null {
  if (text === undefined) return null;
  const kind = KINDS.find((each) => each === text);
  if (kind === undefined) throw new Error(`--only takes one of ${KINDS.join(', ')}, not ${text}`);
  return kind;
}
