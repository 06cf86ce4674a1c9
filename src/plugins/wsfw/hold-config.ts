import { z } from 'zod';
import { byteSize } from '../../plugin.ts';
import { deadline } from './deadline-config.ts';
import { switchableMap } from './switchable-map.ts';

/** `hold.backoff`. */
const backoff = z
  .strictObject({
    initial: deadline('100ms').describe(
      'The wait before the first attempt; each further one is twice as long. Not `0`.',
    ),
    max: deadline('5s').describe('The longest wait between two attempts. Not `0`.'),
    jitter: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe(
        'The share of each wait that is left to chance, so that many clients do not come at once: `0` to `1`.',
      ),
  })
  .prefault({});

const trigger = z.union([z.literal('lost'), z.literal(1001), z.literal(1012)], {
  error: 'must be lost, 1001 or 1012',
});

/** `hold`. */
export const hold = switchableMap({
  attempts: z
    .int()
    .min(1)
    .default(10)
    .describe('Handshakes that are tried, one after the other, until the client is closed with 1012.'),
  backoff: backoff.describe('The waits before these attempts.'),
  bufferBytes: byteSize()
    .prefault('64KiB')
    .describe(
      'How much of what a client sends is kept for the next upstream; then the client is not read any more.',
    ),
  on: z
    .array(trigger)
    .min(1)
    .default(['lost', 1001, 1012])
    .describe(
      'What sets it off: `lost`, when the connection ends without a close frame or pings stay unanswered, or the codes ' +
        'of a close frame.',
    ),
}).optional();
