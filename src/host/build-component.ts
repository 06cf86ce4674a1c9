import { isConfigError } from '../base/config-error.ts';
import { WsfwError } from '../base/errors.ts';
import type { KeyPath, Problem } from '../base/problem.ts';
import { type Origin, placeOf } from '../config/config.ts';
import { hideVariables } from '../config/found.ts';
import { BuiltComponent } from './built-component.ts';
import type { CheckedComponent } from './check-components.ts';
import type { Kind } from './check-plugin.ts';
import { ComponentHost, type HostServices, type Storages } from './component-host.ts';
import { withDeadline } from './deadline.ts';
import { describeError, describeValue } from './describe-error.ts';

/** Why a component was not built. */
export interface BuildFailure {
  readonly problems: readonly Problem[];
  readonly error: WsfwError;
}

const STORAGE_METHODS = ['get', 'set', 'increment', 'delete'] as const;

/** Calls a component's `create`. Never rejects: what was opened by a component that failed is closed again. */
export async function buildComponent(
  checked: CheckedComponent,
  storages: Storages | null,
  origin: Origin,
  services: HostServices,
): Promise<BuiltComponent | BuildFailure> {
  const { kind, name, plugin, component, config, pluginConfig, entry } = checked;
  const scope = { component: `${kind}.${name}`, plugin, folder: entry.folder, storages };
  const host = new ComponentHost(services, scope);
  try {
    const creation = { config, pluginConfig, host: host.host };
    const value = await withDeadline(services.clock, () => component.create(creation));
    const wrong = whatIsWrong(kind, value);
    if (wrong !== null) throw new TypeError(wrong);
    await host.built();
    return new BuiltComponent(checked, value, host);
  } catch (error) {
    await host.dispose();
    return failure(checked, error, origin);
  }
}

function whatIsWrong(kind: Kind, value: unknown): string | null {
  if (kind !== 'storages')
    return typeof value === 'function'
      ? null
      : `create returned ${describeValue(value)} instead of a function`;
  const missing = STORAGE_METHODS.find(
    (method) =>
      typeof value !== 'object' || value === null || typeof Reflect.get(value, method) !== 'function',
  );
  return missing === undefined ? null : `create returned ${describeValue(value)} without a method ${missing}`;
}

function failure(
  { kind, name, plugin, entry }: CheckedComponent,
  error: unknown,
  origin: Origin,
): BuildFailure {
  const component = entry.use.slice(entry.use.lastIndexOf('.') + 1);
  const hide = (text: string): string => hideVariables(text, entry.config, [kind, name, 'config'], origin);
  const problem = (path: KeyPath, message: string): Problem => {
    const at = [kind, name, 'config', ...path];
    return { place: placeOf(origin.places, at), path: at, message: hide(message) };
  };
  const summary = `plugin ${plugin}: ${component} could not be built: ${describeError(error)}`;
  const problems = isConfigError(error)
    ? error.problems.map(({ path, message }) => problem(path, message))
    : [problem([], summary)];
  return { problems, error: new WsfwError('WSFW_PLUGIN_BUILD', hide(summary), { cause: error }) };
}
