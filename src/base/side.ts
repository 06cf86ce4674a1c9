/** The two ends that a connection joins. */
export type Side = 'client' | 'upstream';

/** The other end. */
export const otherSide = (side: Side): Side => (side === 'client' ? 'upstream' : 'client');
