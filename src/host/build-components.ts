import { ConfigError } from '../base/config-error.ts';
import type { Problem } from '../base/problem.ts';
import type { Storage } from '../base/storage.ts';
import type { Action, Middleware } from '../http/exchange.ts';
import { type BuildFailure, type BuiltComponent, buildComponent } from './build-component.ts';
import { type CheckedComponent, type Configured, checkComponents } from './check-components.ts';
import type { Kind } from './check-plugin.ts';
import type { HostServices } from './component-host.ts';
import type { LoadedPlugins } from './load-plugins.ts';

/** An action at work, and whether it serves WebSocket upgrades. */
export interface BuiltAction {
  readonly action: Action;
  readonly upgrades: boolean;
}

/** Everything that a configuration names, at work, by the names that the configuration gives. */
export interface Built {
  readonly middlewares: ReadonlyMap<string, Middleware>;
  readonly actions: ReadonlyMap<string, BuiltAction>;
  readonly storages: ReadonlyMap<string, Storage>;
  readonly components: readonly BuiltComponent[];
  /** What is legal but surely unwanted. */
  readonly warnings: readonly Problem[];
  /** Ends all components, storages last. Never rejects; the second time it only waits for the first. */
  dispose(): Promise<void>;
}

/**
 * Checks and builds the components of a configuration: the storages, then all that may use them.
 * @throws {ConfigError} with every problem of the plugins' loading and of the checks; or, if those went well,
 * every problem of the building (`cause`: the first one's `WSFW_PLUGIN_BUILD`). What was built until then is
 * disposed of.
 */
export async function buildComponents(
  config: Configured,
  loaded: LoadedPlugins,
  services: HostServices,
): Promise<Built> {
  const checked = await checkComponents(config, loaded, services.clock);
  const problems = [...loaded.problems, ...checked.problems];
  if (problems.length > 0) throw new ConfigError(problems);

  const of = (...kinds: Kind[]): CheckedComponent[] =>
    checked.components.filter(({ kind }) => kinds.includes(kind));
  const storages = await buildAll(of('storages'), (one) => buildComponent(one, null, config, services));
  const storagesByName = byName<Storage>(storages, 'storages');
  try {
    const users = await buildAll(of('middlewares', 'actions'), (one) =>
      buildComponent(one, storagesByName, config, services),
    );
    return assemble(storages, users, checked.warnings);
  } catch (error) {
    await disposeAll(storages);
    throw error;
  }
}

async function buildAll(
  components: readonly CheckedComponent[],
  build: (component: CheckedComponent) => Promise<BuiltComponent | BuildFailure>,
): Promise<BuiltComponent[]> {
  const outcomes = await Promise.all(components.map(build));
  const built = outcomes.filter((outcome) => 'value' in outcome);
  const failures = outcomes.filter((outcome) => 'problems' in outcome);
  const [first] = failures;
  if (first === undefined) return built;
  await disposeAll(built);
  throw new ConfigError(
    failures.flatMap(({ problems }) => problems),
    { cause: first.error },
  );
}

function assemble(
  storages: readonly BuiltComponent[],
  users: readonly BuiltComponent[],
  warnings: readonly Problem[],
): Built {
  let disposed: Promise<void> | null = null;
  const actions = byName<Action>(users, 'actions');
  const upgrades = new Set(
    users.filter((one) => one.kind === 'actions' && one.upgrades).map((one) => one.name),
  );
  return {
    middlewares: byName<Middleware>(users, 'middlewares'),
    actions: new Map([...actions].map(([name, action]) => [name, { action, upgrades: upgrades.has(name) }])),
    storages: byName<Storage>(storages, 'storages'),
    components: [...storages, ...users],
    warnings,
    dispose() {
      disposed ??= disposeAll(users).then(() => disposeAll(storages));
      return disposed;
    },
  };
}

/** `buildComponent` has checked that the values of a kind are what that kind promises. */
function byName<T>(components: readonly BuiltComponent[], kind: Kind): Map<string, T> {
  return new Map(components.filter((one) => one.kind === kind).map(({ name, value }) => [name, value as T]));
}

async function disposeAll(components: readonly BuiltComponent[]): Promise<void> {
  await Promise.all(components.map((component) => component.dispose()));
}
