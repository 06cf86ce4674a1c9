import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { acceptFor } from '../../src/websocket/handshake.ts';

/** A request head as it came, and what a test asks of it. */
export class RequestHead {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get target(): string {
    return this.text.split(' ')[1] ?? '';
  }

  get lines(): string[] {
    return this.text.split('\r\n').filter((line) => line !== '');
  }

  header(name: string): string | undefined {
    const prefix = `${name.toLowerCase()}: `;
    return this.lines.find((line) => line.toLowerCase().startsWith(prefix))?.slice(prefix.length);
  }

  /** A valid 101 for it, with `extra` lines. */
  accept(...extra: string[]): string {
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptFor(this.header('sec-websocket-key') ?? '')}`,
      ...extra,
    ];
    return `${lines.join('\r\n')}\r\n\r\n`;
  }
}

/** An upstream that does exactly what a test says, byte by byte. */
export interface ScriptedUpstream {
  readonly port: number;
  readonly connections: readonly Socket[];
  /** Resolves when every connection it ever had is gone. */
  drained(): Promise<void>;
  close(): Promise<void>;
}

/** `onRequest` gets each connection once its request head is complete; `onConnection` as soon as it is there. */
export async function scriptUpstream(script: {
  onRequest?: (socket: Socket, head: RequestHead) => void;
  onConnection?: (socket: Socket) => void;
  tls?: TlsOptions;
  host?: string;
}): Promise<ScriptedUpstream> {
  const connections: Socket[] = [];
  const gone: Promise<unknown>[] = [];
  const serve = (socket: Socket): void => {
    connections.push(socket);
    gone.push(new Promise((resolve) => socket.once('close', resolve)));
    socket.on('error', () => {});
    script.onConnection?.(socket);
    if (script.onRequest !== undefined) readHead(socket, script.onRequest);
    else socket.resume();
  };
  const server = script.tls === undefined ? createServer(serve) : createTlsServer(script.tls, serve);
  server.on('tlsClientError', () => {});
  server.listen(0, script.host ?? '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    drained: async () => {
      await Promise.all(gone);
    },
    close: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function readHead(socket: Socket, onRequest: (socket: Socket, head: RequestHead) => void): void {
  let text = '';
  const onData = (bytes: Buffer): void => {
    text += bytes.toString('latin1');
    if (!text.includes('\r\n\r\n')) return;
    socket.off('data', onData);
    onRequest(socket, new RequestHead(text));
    socket.resume();
  };
  socket.on('data', onData);
}
