/** Where in the configuration's files something stands. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A key's way through the configuration: `['routes', 0, 'action']`. */
export type KeyPath = readonly (string | number)[];

/** Something wrong with a configuration. */
export interface Problem {
  /** `null` when the configuration did not come from a file. */
  readonly place: Place | null;
  readonly path: KeyPath;
  /** What was found, what is expected, and the nearest valid name. Never a secret or a variable's value. */
  readonly message: string;
}

/** `routes[0].action`, as people write it. */
export function formatKeyPath(path: KeyPath): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? key : `.${key}`;
  }
  return text;
}
