/** A longer line is passed on in parts. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

/** Cuts a stream of text into its lines, so that those of several streams do not mix. */
export class Lines {
  readonly #pass: (line: string) => void;
  readonly #maxCharacters: number;
  #begun = '';

  /** @param pass gets each line, with its line break. */
  constructor(pass: (line: string) => void, maxCharacters = MAX_LINE_CHARACTERS) {
    this.#pass = pass;
    this.#maxCharacters = maxCharacters;
  }

  push(text: string): void {
    const end = text.lastIndexOf('\n') + 1;
    // Whole lines in one go: whoever writes them need not write each of them.
    if (end > 0) this.#pass(this.#begun + text.slice(0, end));
    this.#begun = end > 0 ? text.slice(end) : this.#begun + text;
    if (this.#begun.length > this.#maxCharacters) this.end();
  }

  /** Passes on what came without a line break. */
  end(): void {
    if (this.#begun !== '') this.#pass(`${this.#begun}\n`);
    this.#begun = '';
  }
}
