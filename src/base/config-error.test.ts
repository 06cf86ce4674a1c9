import { describe, expect, it } from 'vitest';
import { ConfigError, isConfigError } from './config-error.ts';
import { WsfwError } from './errors.ts';
import { formatProblems } from './format-problems.ts';
import type { Problem } from './problem.ts';

const problem = (file: string, line: number, column: number, message = 'wrong'): Problem => ({
  place: { file, line, column },
  path: ['a', 0, 'b'],
  message,
});

describe('ConfigError', () => {
  it('carries every problem, sorted by place, and a code to match on', () => {
    const nowhere: Problem = { place: null, path: [], message: 'no place' };
    const error = new ConfigError([
      nowhere,
      problem('b.yaml', 1, 1),
      problem('a.yaml', 9, 2),
      problem('a.yaml', 9, 1),
    ]);
    expect(error).toBeInstanceOf(WsfwError);
    expect(error.code).toBe('WSFW_CONFIG_INVALID');
    expect(error.name).toBe('ConfigError');
    expect(error.problems.map((each) => each.place)).toEqual([
      { file: 'a.yaml', line: 9, column: 1 },
      { file: 'a.yaml', line: 9, column: 2 },
      { file: 'b.yaml', line: 1, column: 1 },
      null,
    ]);
    expect(error.message).toContain('the configuration has 4 problems\na.yaml:9:1  a[0].b\n  wrong');
  });

  it('is known by its shape, since a plugin may carry another copy of the class', () => {
    const other = Object.assign(new Error('x'), {
      code: 'WSFW_CONFIG_INVALID',
      problems: [{ path: [], message: 'x' }],
    });
    expect(isConfigError(other)).toBe(true);
    expect(isConfigError(ConfigError.at(['tls', 'ca'], 'x'))).toBe(true);
    expect(isConfigError(new Error('x'))).toBe(false);
    expect(isConfigError(Object.assign(new Error('x'), { code: 'WSFW_CONFIG_INVALID', problems: [5] }))).toBe(
      false,
    );
    expect(isConfigError(null)).toBe(false);
  });
});

describe('formatProblems', () => {
  it('prints place and key, then what is wrong, then how many there are', () => {
    const problems: Problem[] = [
      {
        place: { file: 'config/actions.yaml', line: 6, column: 7 },
        path: ['actions', 'ForwardWebSocket', 'config', 'pingIntervall'],
        message: 'unknown option. Did you mean pingInterval?',
      },
      {
        place: { file: 'config/routes.yaml', line: 7, column: 13 },
        path: ['routes', 0, 'action'],
        message: 'no action is named ForwardWebsocket. Defined: ForwardWebSocket',
      },
    ];
    expect(formatProblems(problems)).toBe(
      [
        'config/actions.yaml:6:7  actions.ForwardWebSocket.config.pingIntervall',
        '  unknown option. Did you mean pingInterval?',
        'config/routes.yaml:7:13  routes[0].action',
        '  no action is named ForwardWebsocket. Defined: ForwardWebSocket',
        '2 problems. Nothing was started.',
      ].join('\n'),
    );
  });

  it('counts one problem as one, and copes with neither place nor key', () => {
    expect(formatProblems([{ place: null, path: [], message: 'wrong' }], 'Fix it.')).toBe(
      'wrong\n1 problem. Fix it.',
    );
  });

  it('escapes control characters', () => {
    const text = formatProblems([{ place: null, path: ['a\u001b[2J'], message: 'b\nc' }]);
    expect(text).toBe('a\\u001b[2J\n  b\\u000ac\n1 problem. Nothing was started.');
  });
});
