/** One header as it stood on the wire. */
export type Header = readonly [name: string, value: string];

/**
 * HTTP headers in their order, with their spelling, repeated ones kept apart. Names compare without case
 * (RFC 9110 §5.1).
 */
export class HeaderList implements Iterable<Header> {
  #headers: Header[] = [];
  /** Their names in lower case, in the same places: each is folded once, however often it is looked for. */
  #names: string[] = [];

  constructor(headers: Iterable<Header> = []) {
    for (const [name, value] of headers) this.append(name, value);
  }

  /** From Node's `rawHeaders`: name, value, name, value, … */
  static fromRaw(raw: readonly string[]): HeaderList {
    const headers = new HeaderList();
    for (let i = 0; i + 1 < raw.length; i += 2) headers.append(raw[i] as string, raw[i + 1] as string);
    return headers;
  }

  /** The first value, or `undefined`. */
  get(name: string): string | undefined {
    return this.#headers[this.#names.indexOf(name.toLowerCase())]?.[1];
  }

  /** Every value, in order. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    for (let at = this.#names.indexOf(wanted); at !== -1; at = this.#names.indexOf(wanted, at + 1))
      values.push((this.#headers[at] as Header)[1]);
    return values;
  }

  has(name: string): boolean {
    return this.#names.includes(name.toLowerCase());
  }

  /** Replaces all headers of that name by one, in the place of the first. */
  set(name: string, value: string): void {
    const wanted = name.toLowerCase();
    const first = this.#names.indexOf(wanted);
    if (first === -1) {
      this.append(name, value);
      return;
    }
    this.#headers[first] = [name, value];
    if (this.#names.lastIndexOf(wanted) === first) return;
    let isFirst = true;
    this.filter((own) => {
      if (own !== wanted) return true;
      const kept = isFirst;
      isFirst = false;
      return kept;
    });
  }

  /** Adds one after all others, whether or not the name is there already. */
  append(name: string, value: string): void {
    this.#headers.push([name, value]);
    this.#names.push(name.toLowerCase());
  }

  /** Removes all headers of that name. */
  remove(name: string): void {
    const wanted = name.toLowerCase();
    this.filter((own) => own !== wanted);
  }

  /** Keeps the headers for which `keep` is true; `name` comes in lower case. */
  filter(keep: (name: string, value: string) => boolean): void {
    const kept = this.only(keep);
    this.#headers = kept.#headers;
    this.#names = kept.#names;
  }

  /** A list of its own of the headers for which `keep` is true; `name` comes in lower case. */
  only(keep: (name: string, value: string) => boolean): HeaderList {
    const kept = new HeaderList();
    for (let at = 0; at < this.#names.length; at++) {
      const name = this.#names[at] as string;
      const header = this.#headers[at] as Header;
      if (!keep(name, header[1])) continue;
      kept.#headers.push(header);
      kept.#names.push(name);
    }
    return kept;
  }

  clone(): HeaderList {
    return this.only(() => true);
  }

  get size(): number {
    return this.#headers.length;
  }

  [Symbol.iterator](): IterableIterator<Header> {
    return this.#headers[Symbol.iterator]();
  }
}
