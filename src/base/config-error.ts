import { WsfwError } from './errors.ts';
import { countProblems, formatProblem, sortProblems } from './format-problems.ts';
import type { KeyPath, Problem } from './problem.ts';

/**
 * A configuration with problems, all of them (`code: 'WSFW_CONFIG_INVALID'`).
 * A component that finds in `create` that an option cannot work throws `ConfigError.at(['tls', 'ca'], '…')`; the
 * gateway adds the place in the file.
 */
export class ConfigError extends WsfwError {
  override readonly name = 'ConfigError';
  /** Sorted by place. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    const sorted = sortProblems(problems);
    const heading = `the configuration has ${countProblems(sorted.length)}`;
    super('WSFW_CONFIG_INVALID', [heading, ...sorted.map(formatProblem)].join('\n'), options);
    this.problems = sorted;
  }

  /** One problem with one key. In a component, `path` starts within the component's own configuration. */
  static at(path: KeyPath, message: string, options?: ErrorOptions): ConfigError {
    return new ConfigError([{ place: null, path, message }], options);
  }
}

/** Whether something thrown is a `ConfigError`, this copy's or that of another copy of the package. */
export function isConfigError(error: unknown): error is Error & Pick<ConfigError, 'code' | 'problems'> {
  if (!(error instanceof Error)) return false;
  const { code, problems } = error as { code?: unknown; problems?: unknown };
  return code === 'WSFW_CONFIG_INVALID' && Array.isArray(problems) && problems.every(isProblem);
}

function isProblem(value: unknown): value is Problem {
  const { path, message } = (value ?? {}) as { path?: unknown; message?: unknown };
  return Array.isArray(path) && typeof message === 'string';
}
