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

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** The exit code of a process that a signal ended, as shells report it. */
export const exitCodeOf = (signal: StopSignal): number => 128 + SIGNAL_NUMBERS[signal];

/** The signals that stop the gateway; SIGHUP only when it comes because the terminal is gone. */
export type StopSignal = keyof typeof SIGNAL_NUMBERS;
