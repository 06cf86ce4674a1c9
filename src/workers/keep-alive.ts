import { MessageChannel } from 'node:worker_threads';

/** Keeps this process alive until the returned function is called: there may be a moment without any worker. */
export function keepAlive(): () => void {
  const { port1 } = new MessageChannel();
  port1.ref();
  return () => port1.close();
}
