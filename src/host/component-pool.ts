import type { Clock } from '../base/clock.ts';
import type { BuiltComponent } from './built-component.ts';
import type { CheckedComponent } from './check-components.ts';
import type { Storages } from './component-host.ts';
import { DeadlineError, withDeadline } from './deadline.ts';

/** All components of a gateway that are at work, whichever configuration they came with. */
export class ComponentPool {
  readonly #components = new Set<BuiltComponent>();

  add(component: BuiltComponent): void {
    this.#components.add(component);
    void component.disposed.then(() => this.#components.delete(component));
  }

  /** One that was configured alike and is made of the same files and storages, held for the caller; or `null`. */
  async reuse(checked: CheckedComponent, storages: Storages | null): Promise<BuiltComponent | null> {
    for (const component of [...this.#components]) {
      if (!component.isLike(checked)) continue;
      component.retain();
      if (await component.isCurrent(storages)) return component;
      void component.release();
    }
    return null;
  }

  /**
   * Waits until all are disposed of, and disposes of those that are still held after `withinMs`.
   * @returns whether all had been let go.
   */
  async end(clock: Clock, withinMs: number): Promise<boolean> {
    const all = [...this.#components];
    const disposed = Promise.all(all.map((component) => component.disposed));
    const held = () => all.filter((component) => component.isHeld);
    try {
      if (held().length > 0) await withDeadline(clock, () => disposed, withinMs);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
    }
    const late = held();
    await Promise.all(late.map((component) => component.dispose()));
    await disposed;
    return late.length === 0;
  }
}
