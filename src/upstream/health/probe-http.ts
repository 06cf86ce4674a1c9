import type { LookupFunction, Socket } from 'node:net';
import type { Header } from '../../base/header-list.ts';
import type { Withdrawable } from '../../base/withdrawal.ts';
import type { Place } from '../pool/member.ts';
import { ResponseHeadParser } from '../response-head.ts';
import { openForProbe } from './probe-socket.ts';

interface HttpProbeParts {
  readonly lookup: LookupFunction;
  readonly headers: readonly Header[];
  readonly timeoutMs: number;
}

/** Asks for a path, and is content with any 2xx. The body is not read. */
export async function probeHttp(
  place: Place,
  target: string,
  parts: HttpProbeParts,
  withdrawal: Withdrawable,
): Promise<void> {
  const socket = await openForProbe(place, parts, withdrawal);
  try {
    const status = await statusOf(socket, requestOf(place, target, parts.headers));
    if (status < 200 || status > 299) throw new Error(`answered ${status}`);
  } finally {
    socket.destroy();
  }
}

function requestOf({ endpoint }: Place, target: string, headers: readonly Header[]): string {
  const lines = [['Host', endpoint.authority], ['Connection', 'close'], ...headers];
  return `GET ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

function statusOf(socket: Socket, request: string): Promise<number> {
  const parser = new ResponseHeadParser();
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('ended the connection before its answer was complete')));
    socket.on('end', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      try {
        const answer = parser.push(bytes);
        if (answer !== null) resolve(answer.head.status);
      } catch (error) {
        reject(error as Error);
      }
    });
    socket.write(request, 'latin1');
  });
}
