import { ConfigError } from '../base/config-error.ts';
import type { Problem } from '../base/problem.ts';
import type { Storage } from '../base/storage.ts';
import type { Action, Middleware } from '../http/exchange.ts';
import { type BuildFailure, buildComponent } from './build-component.ts';
import type { BuiltComponent } from './built-component.ts';
import { type CheckedComponent, type Configured, checkComponents } from './check-components.ts';
import type { Kind } from './check-plugin.ts';
import type { HostServices, Storages } from './component-host.ts';
import { ComponentPool } from './component-pool.ts';
import type { LoadedPlugins } from './load-plugins.ts';

/** Everything that a configuration names, at work, by the names that the configuration gives. */
export interface Built {
  readonly middlewares: ReadonlyMap<string, BuiltComponent<Middleware>>;
  readonly actions: ReadonlyMap<string, BuiltComponent<Action>>;
  readonly storages: ReadonlyMap<string, BuiltComponent<Storage>>;
  readonly components: readonly BuiltComponent[];
  /** What is legal but surely unwanted. */
  readonly warnings: readonly Problem[];
  /** Gives its storages to the components that earlier configurations use as well. For when it is the one at work. */
  rebind(): void;
  /** Lets go of all components, storages last, and waits for those that nobody else holds. Never rejects. */
  release(): Promise<void>;
}

/**
 * Checks and builds the components of a configuration: the storages, then all that may use them. What is in the pool
 * and was configured alike is used again.
 * @throws {ConfigError} with every problem of the plugins' loading and of the checks; or, if those went well,
 * every problem of the building (`cause`: the first one's `WSFW_PLUGIN_BUILD`). What was built until then is
 * disposed of.
 */
export async function buildComponents(
  config: Configured,
  loaded: LoadedPlugins,
  services: HostServices,
  pool = new ComponentPool(),
): Promise<Built> {
  const checked = await checkComponents(config, loaded, services.clock);
  const problems = [...loaded.problems, ...checked.problems];
  if (problems.length > 0) throw new ConfigError(problems);

  const build = (kinds: readonly Kind[], storages: Storages | null): Promise<BuiltComponent[]> => {
    const wanted = checked.components.filter(({ kind }) => kinds.includes(kind));
    return buildAll(wanted, async (one) => {
      const known = await pool.reuse(one, storages);
      if (known !== null) return known;
      const outcome = await buildComponent(one, storages, config, services);
      if ('value' in outcome) pool.add(outcome);
      return outcome;
    });
  };
  const storages = await build(['storages'], null);
  try {
    const users = await build(['middlewares', 'actions'], byName<Storage>(storages, 'storages'));
    return assemble(storages, users, checked.warnings);
  } catch (error) {
    await releaseAll(storages);
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
  await releaseAll(built);
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
  const storagesByName = byName<Storage>(storages, 'storages');
  let released: Promise<void> | null = null;
  return {
    middlewares: byName<Middleware>(users, 'middlewares'),
    actions: byName<Action>(users, 'actions'),
    storages: storagesByName,
    components: [...storages, ...users],
    warnings,
    rebind() {
      for (const user of users) user.rebind(storagesByName);
    },
    release() {
      released ??= releaseAll(users).then(() => releaseAll(storages));
      return released;
    },
  };
}

/** `buildComponent` has checked that the values of a kind are what that kind promises. */
function byName<T>(components: readonly BuiltComponent[], kind: Kind): Map<string, BuiltComponent<T>> {
  const ofKind = components.filter((one): one is BuiltComponent<T> => one.kind === kind);
  return new Map(ofKind.map((component) => [component.name, component]));
}

async function releaseAll(components: readonly BuiltComponent[]): Promise<void> {
  await Promise.all(components.map((component) => component.release()));
}
