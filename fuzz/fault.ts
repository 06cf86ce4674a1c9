/** Something that must not happen, and did. */
export interface Fault {
  /** A short name; the same for faults that are probably the same. */
  readonly name: string;
  readonly detail: string;
}

export const fault = (name: string, detail = ''): Fault => ({ name, detail });
