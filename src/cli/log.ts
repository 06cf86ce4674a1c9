import { pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { LogFields, Logger } from '../base/logger.ts';
import { printable } from './terminal.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export const LOG_FORMATS = ['pretty', 'json'] as const;

/** Lines that wait for a reader that does not keep up; more are dropped. */
const MAX_UNWRITTEN_BYTES = 16 * 1024 * 1024;

export interface LogSettings {
  readonly level: (typeof LOG_LEVELS)[number];
  readonly format: (typeof LOG_FORMATS)[number];
  readonly color: boolean;
}

/** The log of the command, on standard output. */
export interface CommandLog {
  readonly logger: Logger;
  /** Writes what another process has logged as JSON: whole lines, each with its line break. */
  writeLines(lines: string): void;
}

/** @param fields what each line of this process begins with. */
export function openLog({ level, format, color }: LogSettings, fields: LogFields | null = null): CommandLog {
  const options = {
    level,
    base: fields,
    // Words and dates, for people and for whatever collects logs.
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: describeError },
  };
  const stream = format === 'pretty' ? prettyStream(color) : jsonStream();
  return { logger: pino(options, stream), writeLines: (lines) => void stream.write(lines) };
}

function jsonStream() {
  // Whoever collects the log may stall: that must not stall the gateway. What is written last is flushed at exit.
  const destination = pino.destination({ dest: 1, sync: false, maxLength: MAX_UNWRITTEN_BYTES });
  // Whoever read the log has gone. The gateway goes on without.
  destination.on('error', () => {});
  return destination;
}

function prettyStream(color: boolean): pretty.PrettyStream {
  const stream = pretty({
    colorize: color,
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    // An error is shown as the escaped JSON of an object: its text may hold what a peer sent.
    errorLikeObjectKeys: [],
    messageFormat: (line, messageKey) => printable(String(line[messageKey])),
    destination: 1,
  });
  stream.on('error', () => {});
  return stream;
}

/** The stack tells an operator nothing about an error that has a code. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack } = error;
  const code = 'code' in error ? error.code : undefined;
  return code === undefined ? { name, message, stack } : { name, code, message };
}
