import { MessageChannel } from 'node:worker_threads';
import type { Cancel } from './clock.ts';

/** Keeps this process alive until the returned function is called: timers of a clock do not. */
export function holdProcess(): Cancel {
  const { port1 } = new MessageChannel();
  port1.ref();
  return () => port1.close();
}
