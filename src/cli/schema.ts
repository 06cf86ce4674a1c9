import { systemClock } from '../base/clock.ts';
import { configJsonSchema } from '../config/json-schema.ts';
import { readConfig } from '../config/load.ts';
import { componentSchemas } from '../gateway/component-schemas.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { explain, readOptions } from './start.ts';

/** Prints a JSON Schema of the configuration. @returns the exit code. */
export async function schema({ config }: { readonly config: readonly string[] }): Promise<number> {
  try {
    const reading = config.length === 0 ? null : await readConfig(config, readOptions());
    const components = await componentSchemas(reading, systemClock);
    process.stdout.write(`${JSON.stringify(configJsonSchema(components), null, 2)}\n`);
    return EXIT_CODES.ok;
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    return EXIT_CODES.failed;
  }
}
