import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { settled } from '../support/resources.ts';

/** An upstream that says everything back. */
export async function startChatUpstream(): Promise<{ readonly port: number; close(): void }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => {});
  });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

/** A client that sends numbered messages, one at a time, and knows when one of them is lost. */
class ChatClient {
  readonly socket: WebSocket;
  sent = 0;
  received = 0;

  constructor(url: string, failures: string[]) {
    this.socket = new WebSocket(url, { perMessageDeflate: false });
    this.socket.on('message', (data) => {
      const text = (data as Buffer).toString();
      if (text !== String(this.received)) failures.push(`expected message ${this.received}, got ${text}`);
      this.received++;
    });
    this.socket.on('error', (error) => failures.push(String(error)));
    this.socket.on('close', (code, reason) => {
      if (!this.closing) failures.push(`closed with ${code} ${reason.toString()}`);
    });
  }

  closing = false;

  get isAnswered(): boolean {
    return this.sent === this.received;
  }

  say(): void {
    this.socket.send(String(this.sent++));
  }
}

/** How often everybody who was answered says something. */
const EVERY_MS = 500;
const HANDSHAKES_AT_ONCE = 50;

/** Many clients that chat until they are told to stop. */
export class Chat {
  /** Everything that is not as it should be. */
  readonly failures: string[] = [];
  readonly #clients: ChatClient[] = [];
  readonly #timer = setInterval(() => this.speak(), EVERY_MS);

  async join(url: string, count: number): Promise<void> {
    for (let left = count; left > 0; left -= HANDSHAKES_AT_ONCE) {
      const batch = Array.from(
        { length: Math.min(left, HANDSHAKES_AT_ONCE) },
        () => new ChatClient(url, this.failures),
      );
      await Promise.all(batch.map(({ socket }) => once(socket, 'open')));
      this.#clients.push(...batch);
    }
  }

  get size(): number {
    return this.#clients.length;
  }

  /** Messages that came back. */
  get messages(): number {
    return this.#clients.reduce((sum, { received }) => sum + received, 0);
  }

  /** Waits until every message has come back. */
  async answered(deadlineMs: number): Promise<void> {
    const open = this.#clients.filter(({ socket }) => socket.readyState === WebSocket.OPEN);
    await settled(() => {
      const waiting = open.filter((client) => !client.isAnswered).length;
      return waiting === 0 ? null : `${waiting} messages did not come back`;
    }, deadlineMs);
  }

  /** Waits until every message has come back, and leaves. */
  async end(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    await this.answered(deadlineMs);
    for (const client of this.#clients) {
      client.closing = true;
      client.socket.terminate();
    }
  }

  /** Everybody who was answered says something. */
  speak(): void {
    for (const client of this.#clients)
      if (client.isAnswered && client.socket.readyState === WebSocket.OPEN) client.say();
  }
}
