import type { Endpoint } from './endpoint.ts';

/** Where the connections of one action may go. */
export interface Endpoints {
  /** The endpoint for the next connection, or `null` when none can take it. */
  select(): Endpoint | null;
}

/** All connections go to the one endpoint there is. */
export const fixedEndpoint = (endpoint: Endpoint): Endpoints => ({ select: () => endpoint });
