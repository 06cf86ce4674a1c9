import type { z } from 'zod';
import { nearest } from '../base/nearest.ts';
import type { KeyPath } from '../base/problem.ts';
import type { routeSchema } from './schema.ts';
import type { ListSection, Sections } from './sections.ts';

/** Every name that can be referred to, whether or not what bears it is in order. */
export interface DefinedNames {
  readonly middlewares: readonly string[];
  readonly actions: readonly string[];
}

/** Reports every name that nothing bears, and every route name that two routes bear. */
export function checkReferences(
  defined: DefinedNames,
  globalMiddlewares: ListSection<string>['entries'],
  routes: ListSection<z.infer<typeof routeSchema>>['entries'],
  sections: Sections,
): void {
  const refer = (kind: 'middleware' | 'action', name: string, path: KeyPath): void => {
    const names = defined[`${kind}s`];
    if (!names.includes(name))
      sections.report(path, unknownName(kind, sections.asWritten(path, name), names));
  };
  for (const { index, value } of globalMiddlewares) refer('middleware', value, ['globalMiddlewares', index]);
  for (const { index, value: route } of routes) {
    route.middlewares.forEach((name, i) => {
      refer('middleware', name, ['routes', index, 'middlewares', i]);
    });
    refer('action', route.action, ['routes', index, 'action']);
  }
  checkRouteNames(routes, sections);
}

function checkRouteNames(
  routes: ListSection<z.infer<typeof routeSchema>>['entries'],
  sections: Sections,
): void {
  const first = new Map<string, number>();
  for (const { index, value } of routes) {
    if (value.name === undefined) continue;
    const other = first.get(value.name);
    if (other === undefined) first.set(value.name, index);
    else sections.report(['routes', index, 'name'], `routes[${other}] has the same name`);
  }
}

const MAX_LISTED = 20;

/** `no action is named X. Defined: A, B`, the nearest first. */
function unknownName(kind: string, name: string, defined: readonly string[]): string {
  if (defined.length === 0) return `no ${kind} is named ${name}. None is defined.`;
  const meant = nearest(name, defined);
  const names = [...new Set(meant === undefined ? defined : [meant, ...defined])];
  const more = names.length > MAX_LISTED ? `, and ${names.length - MAX_LISTED} more` : '';
  return `no ${kind} is named ${name}. Defined: ${names.slice(0, MAX_LISTED).join(', ')}${more}`;
}
