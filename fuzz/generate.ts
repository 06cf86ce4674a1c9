import { type Case, KINDS, type Kind } from './case.ts';
import { framesCase } from './generate-frames.ts';
import { handshakeCase } from './generate-handshake.ts';
import { upstreamCase } from './generate-upstream.ts';
import type { Random } from './random.ts';

/** A new case, valid for the most part, damaged in some places. */
export function generate(random: Random, only: Kind | null): Case {
  const kind = only ?? random.pick(KINDS);
  if (kind === 'handshake') return handshakeCase(random);
  return kind === 'frames' ? framesCase(random) : upstreamCase(random);
}
