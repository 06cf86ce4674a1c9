/** One header as it stood on the wire. */
export type Header = readonly [name: string, value: string];

/**
 * HTTP headers in their order, with their spelling, repeated ones kept apart. Names compare without case
 * (RFC 9110 §5.1).
 */
export class HeaderList implements Iterable<Header> {
  #headers: Header[];

  constructor(headers: Iterable<Header> = []) {
    this.#headers = [...headers];
  }

  /** From Node's `rawHeaders`: name, value, name, value, … */
  static fromRaw(raw: readonly string[]): HeaderList {
    const headers: Header[] = [];
    for (let i = 0; i + 1 < raw.length; i += 2) headers.push([raw[i] as string, raw[i + 1] as string]);
    return new HeaderList(headers);
  }

  /** The first value, or `undefined`. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#headers.find(([own]) => own.toLowerCase() === wanted)?.[1];
  }

  /** Every value, in order. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.#headers.filter(([own]) => own.toLowerCase() === wanted).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Replaces all headers of that name by one, in the place of the first. */
  set(name: string, value: string): void {
    const wanted = name.toLowerCase();
    const first = this.#headers.findIndex(([own]) => own.toLowerCase() === wanted);
    if (first === -1) {
      this.#headers.push([name, value]);
      return;
    }
    this.#headers[first] = [name, value];
    this.#headers = this.#headers.filter(([own], i) => i === first || own.toLowerCase() !== wanted);
  }

  /** Adds one after all others, whether or not the name is there already. */
  append(name: string, value: string): void {
    this.#headers.push([name, value]);
  }

  /** Removes all headers of that name. */
  remove(name: string): void {
    const wanted = name.toLowerCase();
    this.#headers = this.#headers.filter(([own]) => own.toLowerCase() !== wanted);
  }

  /** Keeps the headers for which `keep` is true; `name` comes in lower case. */
  filter(keep: (name: string, value: string) => boolean): void {
    this.#headers = this.#headers.filter(([name, value]) => keep(name.toLowerCase(), value));
  }

  clone(): HeaderList {
    return new HeaderList(this.#headers);
  }

  get size(): number {
    return this.#headers.length;
  }

  [Symbol.iterator](): IterableIterator<Header> {
    return this.#headers[Symbol.iterator]();
  }
}
