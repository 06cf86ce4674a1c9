import type { Secret, StandardSchemaV1 } from 'wsfw/plugin';

/** What an operator writes under `config:`. */
export interface TokenOptions {
  /** User → token. */
  readonly users: Readonly<Record<string, Secret>>;
  readonly realm: string;
}

/**
 * Any Standard Schema will do, and most plugins will take one from Zod, Valibot or ArkType. This one is written by
 * hand to show how little that takes: the plugin needs no package but `wsfw`.
 */
export const tokenOptions: StandardSchemaV1<unknown, TokenOptions> = {
  '~standard': { version: 1, vendor: 'wsfw-plugin-token', validate },
};

function validate(value: unknown): StandardSchemaV1.Result<TokenOptions> {
  if (!isMap(value)) return { issues: [{ message: 'expected a map' }] };
  const { users, realm = 'gateway', ...others } = value;
  const issues: StandardSchemaV1.Issue[] = [];
  for (const key of Object.keys(others))
    issues.push({ path: [key], message: 'unknown option. Known: users, realm' });
  if (typeof realm !== 'string' || !/^[\w .-]+$/.test(realm))
    issues.push({ path: ['realm'], message: 'expected letters, digits, spaces, dots and dashes' });
  if (!isMap(users) || Object.keys(users).length === 0)
    issues.push({ path: ['users'], message: 'expected a map of user to token, such as alice: t0ken' });
  else issues.push(...Object.entries(users).flatMap(([user, token]) => userIssues(user, token)));
  if (issues.length > 0) return { issues };
  return { value: { users: users as TokenOptions['users'], realm: realm as string } };
}

function userIssues(user: string, token: unknown): StandardSchemaV1.Issue[] {
  const path = ['users', user];
  // The name becomes the value of a header.
  if (!/^[\w.-]+$/.test(user))
    return [{ path, message: 'a user is named by letters, digits, dots and dashes' }];
  if (typeof token === 'string' && token !== '') return [];
  if (isMap(token) && typeof token['file'] === 'string') return [];
  return [{ path, message: 'expected a token, or {file: PATH} that names the file it is in' }];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
