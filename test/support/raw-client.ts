import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { within } from './deadline.ts';
import { headerOf } from './http-head.ts';
import { type HttpAnswer, RawConnection } from './raw-connection.ts';

export interface RawClientOptions {
  readonly port: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Speaks TLS, with these options. */
  readonly tls?: ConnectionOptions;
  readonly deadlineMs?: number;
}

export interface HandshakeOptions {
  /** Request target. Default `/`. */
  readonly path?: string;
  /** Default `GET`. */
  readonly method?: string;
  /** Default `HTTP/1.1`. */
  readonly version?: string;
  readonly key?: string;
  /** Take the place of the handshake's own headers of that name (`null`: none of them), and are added otherwise. */
  readonly headers?: readonly (readonly [name: string, value: string | null])[];
  readonly subprotocols?: readonly string[];
  readonly extensions?: string;
}

export interface OpenOptions extends RawClientOptions, HandshakeOptions {
  /** Written in the same segment as the request. */
  readonly early?: Uint8Array;
}

/** A connection on which nothing was said yet. */
export async function connectRaw(options: RawClientOptions): Promise<RawConnection> {
  const tcp = connectTcp({ port: options.port, host: options.host ?? '127.0.0.1', allowHalfOpen: true });
  await within(once(tcp, 'connect'), `connection to port ${options.port}`, options.deadlineMs);
  tcp.setNoDelay(true);
  if (options.tls === undefined) return new RawConnection(tcp, 'client', options.deadlineMs);
  tcp.on('error', () => undefined);
  const socket = connectTls({ ...options.tls, socket: tcp });
  await within(once(socket, 'secureConnect'), 'TLS handshake', options.deadlineMs);
  return new RawConnection(socket, 'client', options.deadlineMs, tcp);
}

/** A valid opening handshake (RFC 6455 §4.1), but for what the options make of it. */
export function handshakeRequest(options: HandshakeOptions = {}): string {
  const headers: [string, string][] = [
    ['Host', 'gateway.test'],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', options.key ?? randomBytes(16).toString('base64')],
    ['Sec-WebSocket-Version', '13'],
  ];
  if (options.subprotocols) headers.push(['Sec-WebSocket-Protocol', options.subprotocols.join(', ')]);
  if (options.extensions) headers.push(['Sec-WebSocket-Extensions', options.extensions]);
  const given = new Set(options.headers?.map(([name]) => name.toLowerCase()));
  const lines = [
    `${options.method ?? 'GET'} ${options.path ?? '/'} ${options.version ?? 'HTTP/1.1'}`,
    ...headers.filter(([name]) => !given.has(name.toLowerCase())).map(([name, value]) => `${name}: ${value}`),
    ...(options.headers ?? [])
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Connects, sends one handshake, and gives back whatever the answer is. */
export async function requestRaw(
  options: OpenOptions,
): Promise<{ connection: RawConnection; answer: HttpAnswer }> {
  const connection = await connectRaw(options);
  connection.write(
    Buffer.concat([Buffer.from(handshakeRequest(options), 'latin1'), options.early ?? Buffer.alloc(0)]),
  );
  return { connection, answer: await connection.readAnswer() };
}

/** An open WebSocket connection. Rejects when the answer is not a valid 101 (RFC 6455 §4.1). */
export async function openRaw(options: OpenOptions): Promise<RawConnection & { answer: HttpAnswer }> {
  const key = options.key ?? randomBytes(16).toString('base64');
  const { connection, answer } = await requestRaw({ ...options, key });
  if (answer.status !== 101) {
    connection.destroy();
    throw new Error(`${answer.startLine}: ${answer.body.toString()}`);
  }
  const accept = headerOf(answer, 'sec-websocket-accept');
  if (accept !== acceptValue(key)) throw new Error(`wrong Sec-WebSocket-Accept ${accept}`);
  if (headerOf(answer, 'sec-websocket-extensions')?.includes('permessage-deflate'))
    connection.expectDeflate();
  return Object.assign(connection, { answer });
}

/** RFC 6455 §4.2.2. */
export function acceptValue(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
