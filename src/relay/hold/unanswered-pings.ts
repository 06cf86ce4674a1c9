/** More are not remembered: a peer need only answer the latest (RFC 6455 §5.5.3). */
const MAX_PINGS = 16;

/** Pings that went to the upstream and that it has not answered yet. */
export class UnansweredPings {
  #payloads: Uint8Array[] = [];

  sent(payload: Uint8Array): void {
    this.#payloads.push(payload);
    if (this.#payloads.length > MAX_PINGS) this.#payloads.shift();
  }

  /** A pong settles its ping and all before it. */
  answered(payload: Uint8Array): void {
    const at = this.#payloads.findIndex((own) => Buffer.compare(own, payload) === 0);
    if (at !== -1) this.#payloads.splice(0, at + 1);
  }

  /** Forgets them, since somebody else answers. */
  take(): readonly Uint8Array[] {
    const payloads = this.#payloads;
    this.#payloads = [];
    return payloads;
  }
}
