/** What the command's exit code means. Documented in `wsfw help` and docs/cli.md. */
export const EXIT_CODES = {
  ok: 0,
  /** The configuration has problems, or the gateway could not start. */
  failed: 1,
  /** The command line was not understood. */
  usage: 2,
  /** An error that nobody caught: the gateway drained and ended (`EX_SOFTWARE` of sysexits). */
  uncaught: 70,
} as const;

/** The exit code of a process that a signal ended, as shells report it. */
export const exitCodeOf = (signal: StopSignal): number => (signal === 'SIGINT' ? 130 : 143);

/** The signals that stop the gateway. */
export type StopSignal = 'SIGINT' | 'SIGTERM';
