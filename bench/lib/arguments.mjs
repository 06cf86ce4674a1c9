/**
 * What `read` makes of the command line. Ends the process if that asks for help, and with one line and exit code 2 if there
 * is a mistake in it.
 * @template T
 * @param {string} usage
 * @param {() => T | null} read `null` when help was asked for; throws what is wrong.
 * @returns {T}
 */
export function readArguments(usage, read) {
  try {
    const options = read();
    if (options !== null) return options;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
  console.log(usage);
  process.exit(0);
}
