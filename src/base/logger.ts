/** What a log line carries besides its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the gateway writes its log to. A `pino` instance is one; so is anything with these methods. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Whether lines of a level are written at all; without it they are taken to be. */
  isLevelEnabled?(level: 'debug' | 'info'): boolean;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
