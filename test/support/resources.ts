import { DEADLINE_MS } from './deadline.ts';

const WATCHED = [
  'TCPSocketWrap',
  'TCPServerWrap',
  'TLSWrap',
  'PipeWrap',
  'Timeout',
  'ConnectWrap',
  'GetAddrInfoReqWrap',
];

/** How many handles of each kind keep this process alive. */
export type Resources = Readonly<Record<string, number>>;

export function resourcesNow(): Resources {
  const counts: Record<string, number> = Object.fromEntries(WATCHED.map((kind) => [kind, 0]));
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind in counts) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Resolves when no kind is above its baseline any more; rejects with what is left at the deadline. */
export async function backToBaseline(baseline: Resources, deadlineMs = DEADLINE_MS): Promise<void> {
  await settled(() => leftOver(baseline), deadlineMs);
}

/** Looks once a turn of the event loop until `look` finds nothing wrong; rejects with what it found at the deadline. */
export async function settled(look: () => string | null, deadlineMs = DEADLINE_MS): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  for (let wrong = look(); wrong !== null; wrong = look()) {
    if (performance.now() > endMs) throw new Error(wrong);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function leftOver(baseline: Resources): string | null {
  const now = resourcesNow();
  const more = Object.entries(now).filter(([kind, count]) => count > (baseline[kind] ?? 0));
  if (more.length === 0) return null;
  return `left open: ${more.map(([kind, count]) => `${count - (baseline[kind] ?? 0)} ${kind}`).join(', ')}`;
}
