import { duration } from '../../plugin.ts';
import { deadline } from './deadline-config.ts';
import { switchableMap } from './switchable-map.ts';

/** Without a jitter of its own, an age is spread over this share of it. */
const DEFAULT_JITTER = 0.1;

/** `maxAge`. */
export const maxAge = switchableMap(
  {
    after: deadline('6h').describe('The least age at which a connection is drained. Not `0`.'),
    jitter: duration()
      .optional()
      .describe(
        'How much older it may become, drawn by lot for each connection. Default: a tenth of `after`.',
      ),
  },
  'after',
)
  .transform(({ after: afterMs, jitter: jitterMs = Math.round(afterMs * DEFAULT_JITTER) }) => ({
    afterMs,
    jitterMs,
  }))
  .optional();
