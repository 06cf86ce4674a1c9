import { systemClock } from '../base/clock.ts';
import { isConfigError } from '../base/config-error.ts';
import { formatProblem, formatProblems } from '../base/format-problems.ts';
import { silentLogger } from '../base/logger.ts';
import { formatKeyPath, type Problem } from '../base/problem.ts';
import { adviceFor } from '../config/advice.ts';
import { readConfig } from '../config/load.ts';
import { checkReading } from '../gateway/check.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { explain, readOptions } from './start.ts';

export interface CheckOptions {
  readonly config: readonly string[];
  readonly json: boolean;
}

/** Checks a configuration as `start` would, without starting anything. @returns the exit code. */
export async function check({ config, json }: CheckOptions): Promise<number> {
  const outcome = await findAll(config);
  if ('failure' in outcome) {
    process.stderr.write(`${outcome.failure}\n`);
    // For tools every failure is JSON, such as that there is no configuration.
    if (json) process.stdout.write(inJson({ problems: [problemOf(outcome.failure)], warnings: [] }));
    return EXIT_CODES.failed;
  }
  process.stdout.write(json ? inJson(outcome) : inWords(outcome));
  return outcome.problems.length === 0 ? EXIT_CODES.ok : EXIT_CODES.failed;
}

interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

async function findAll(paths: readonly string[]): Promise<Findings | { readonly failure: string }> {
  try {
    const reading = await readConfig(paths.length > 0 ? paths : undefined, readOptions());
    const services = { logger: silentLogger, clock: systemClock };
    const { config, warnings } = await checkReading(reading, services);
    return { problems: [], warnings: [...warnings, ...adviceFor(config)] };
  } catch (error) {
    return isConfigError(error) ? { problems: error.problems, warnings: [] } : { failure: explain(error) };
  }
}

const problemOf = (failure: string): Problem => ({
  place: null,
  path: [],
  message: failure.replace(/^wsfw: /, ''),
});

function inWords({ problems, warnings }: Findings): string {
  if (problems.length > 0) return `${formatProblems(problems)}\n`;
  const listed = warnings.map((warning) => `warning: ${formatProblem(warning)}\n`).join('');
  const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`;
  return `${listed}The configuration is valid${warnings.length === 0 ? '' : `, with ${count}`}.\n`;
}

function inJson({ problems, warnings }: Findings): string {
  const plain = (all: readonly Problem[]) =>
    all.map(({ place, path, message }) => ({ ...place, key: formatKeyPath(path), message }));
  const outcome = { valid: problems.length === 0, problems: plain(problems), warnings: plain(warnings) };
  return `${JSON.stringify(outcome, null, 2)}\n`;
}
