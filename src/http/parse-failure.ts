import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { lingerAndClose } from './linger.ts';
import { prepareAnswer } from './prepared-answer.ts';
import { problem } from './problem.ts';
import { newRequestId } from './request-id.ts';
import { formatWhole } from './socket-sink.ts';

/** How a request that Node could not read is to be answered; `null` where nobody is there to read an answer. */
export function parseFailure(error: Error): { readonly status: number; readonly detail: string } | null {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, detail: 'the request head is over 16 KiB' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { status: 408, detail: 'the request was not complete in time' };
  return code.startsWith('HPE_') ? { status: 400, detail: 'the request is not valid HTTP/1.1' } : null;
}

/** Answers on a socket whose request never became one, and ends it in good order. Whoever reads the socket goes on. */
export function answerOnSocket(
  socket: Duplex,
  { status, detail }: { readonly status: number; readonly detail: string },
  serverHeader: string,
  clock: Clock,
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = newRequestId();
  const answer = problem({ status, detail, requestId });
  const prepared = prepareAnswer(answer, { requestId, serverHeader, added: [], closes: true });
  if (prepared.body instanceof Uint8Array) socket.write(formatWhole({ ...prepared, body: prepared.body }));
  lingerAndClose(socket, clock);
}
