import type { Problem } from '../base/problem.ts';
import { type Config, placeOf } from '../config/config.ts';
import type { FoundFiles } from '../host/found-files.ts';
import type { LoadedPlugins } from '../host/load-plugins.ts';

/**
 * A warning for each plugin whose file is not the one that was loaded: Node keeps what it has loaded.
 * @param files plugins' files as they were when they were loaded; those that are new are added.
 */
export async function stalePlugins(
  { plugins }: LoadedPlugins,
  files: FoundFiles,
  { places }: Config,
): Promise<Problem[]> {
  const warnings: Problem[] = [];
  for (const { file, index } of plugins) {
    if (file === null) continue;
    if (await files.isUnchanged(file)) files.note(file);
    else {
      const path = ['plugins', index, 'path'];
      const message = 'was changed after it was loaded: what is new in it comes with a restart';
      warnings.push({ place: placeOf(places, path), path, message });
    }
  }
  await files.settle();
  return warnings;
}
