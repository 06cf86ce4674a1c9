import type { LogFields, Logger } from '../../src/base/logger.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger whose lines a test can look at, and wait for. */
export class RecordingLogger implements Logger {
  /** Shared with its children. */
  readonly lines: LogLine[];
  readonly #fields: LogFields;
  readonly #watchers: Set<() => void>;

  constructor(fields: LogFields = {}, parent?: RecordingLogger) {
    this.#fields = fields;
    this.lines = parent?.lines ?? [];
    this.#watchers = parent === undefined ? new Set() : parent.#watchers;
  }

  debug = (fields: LogFields, message: string): void => this.#add('debug', fields, message);
  info = (fields: LogFields, message: string): void => this.#add('info', fields, message);
  warn = (fields: LogFields, message: string): void => this.#add('warn', fields, message);
  error = (fields: LogFields, message: string): void => this.#add('error', fields, message);

  child(fields: LogFields): Logger {
    return new RecordingLogger({ ...this.#fields, ...fields }, this);
  }

  /** The first line for which `wanted` holds, now or later; the caller sets the deadline. */
  line(wanted: (line: LogLine) => boolean): Promise<LogLine> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.lines.find(wanted);
        if (found === undefined) return;
        this.#watchers.delete(look);
        resolve(found);
      };
      this.#watchers.add(look);
      look();
    });
  }

  #add(level: LogLine['level'], fields: LogFields, message: string): void {
    this.lines.push({ level, message, fields: { ...this.#fields, ...fields } });
    for (const look of [...this.#watchers]) look();
  }
}
