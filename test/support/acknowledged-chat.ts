import { WebSocket } from 'ws';
import type { Serve } from './restarting-upstream.ts';

/** What every visitor said, in order: the chat's database, which outlives the server. */
export type Log = Map<string, number[]>;

/**
 * A chat server that acknowledges what it has stored: `ack N`. When a visitor's connection is resumed, or something is
 * missing, it says where to go on: `from N`.
 */
export function chatServer(log: Log): Serve {
  return (socket, { url = '', headers }) => {
    const visitor = new URL(url, 'ws://chat').searchParams.get('visitor') ?? '';
    const said = log.get(visitor) ?? [];
    log.set(visitor, said);
    if (headers['x-wsfw-resumed'] !== undefined) socket.send(`from ${said.length}`);
    socket.on('message', (data) => {
      const number = Number(data.toString());
      if (number === said.length) said.push(number);
      socket.send(number < said.length ? `ack ${number}` : `from ${said.length}`);
    });
  };
}

/** How many messages a visitor has on the way at a time. */
const WINDOW = 4;

/** Somebody who says `total` messages, and repeats what the server asks for again. Never connects a second time. */
export class Visitor {
  acknowledged = 0;
  /** Why the connection ended, if it has. */
  closed: string | null = null;
  readonly opened: Promise<void>;
  readonly #total: number;
  readonly #socket: WebSocket;
  readonly #progress: () => void;
  #sent = 0;

  constructor(url: string, total: number, progress: () => void) {
    this.#total = total;
    this.#progress = progress;
    this.#socket = new WebSocket(url);
    this.opened = new Promise((resolve) => this.#socket.on('open', () => resolve()));
    this.#socket.on('open', () => this.#say());
    this.#socket.on('message', (data) => this.#hear(data.toString()));
    this.#socket.on('error', () => {});
    this.#socket.on('close', (code, reason) => {
      this.closed = `${code} ${reason}`;
    });
  }

  end(): void {
    this.#socket.terminate();
  }

  #hear(text: string): void {
    const [word, number] = text.split(' ');
    const stored = word === 'from' ? Number(number) : Number(number) + 1;
    if (word === 'from') this.#sent = stored;
    this.acknowledged = Math.max(this.acknowledged, stored);
    this.#sent = Math.max(this.#sent, this.acknowledged);
    this.#say();
    this.#progress();
  }

  #say(): void {
    while (this.#sent < this.#total && this.#sent < this.acknowledged + WINDOW)
      this.#socket.send(String(this.#sent++));
  }
}

/** A chat of many visitors, and what came of it. */
export class Chat {
  readonly log: Log = new Map();
  readonly visitors: Visitor[] = [];
  readonly #total: number;
  #waiting: { readonly share: number; readonly resolve: () => void } | null = null;

  /** @param total messages of each visitor. */
  constructor(total: number) {
    this.#total = total;
  }

  get acknowledged(): number {
    return this.visitors.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Lets so many visitors in, and resolves when all are. */
  async join(gatewayPort: number, count: number): Promise<void> {
    const opened: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      const url = `ws://127.0.0.1:${gatewayPort}/chat?visitor=${this.visitors.length}`;
      const visitor = new Visitor(url, this.#total, () => this.#look());
      this.visitors.push(visitor);
      opened.push(visitor.opened);
    }
    await Promise.all(opened);
  }

  /** Resolves when this share of all messages is acknowledged. */
  reached(share: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { share, resolve };
      this.#look();
    });
  }

  #look(): void {
    if (this.#waiting === null) return;
    if (this.acknowledged < this.#waiting.share * this.visitors.length * this.#total) return;
    this.#waiting.resolve();
    this.#waiting = null;
  }
}
