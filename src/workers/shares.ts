import type { Reading } from '../config/build.ts';

/** The configuration as one of `count` workers gets it: with its share of what is limited for the whole gateway. */
export function readingFor(reading: Reading, worker: number, count: number): Reading {
  if (reading.config === null) return reading;
  const { server } = reading.config;
  const maxPendingHandshakes = shareOf(server.maxPendingHandshakes, worker, count);
  return { ...reading, config: { ...reading.config, server: { ...server, maxPendingHandshakes } } };
}

/** Whether the configuration names this port. */
export const isAt = ({ config }: Reading, port: number): boolean => config?.server.address.port === port;

/** The configuration with a port that was found in place of port 0. */
export function readingAt(reading: Reading, port: number): Reading {
  if (reading.config === null || !isAt(reading, 0)) return reading;
  const { server } = reading.config;
  return {
    ...reading,
    config: { ...reading.config, server: { ...server, address: { ...server.address, port } } },
  };
}

/** The shares of all workers add up to `total`, unless there are more workers: each has 1 at least. */
export function shareOf(total: number, worker: number, count: number): number {
  const left = worker <= total % count ? 1 : 0;
  return Math.max(1, Math.floor(total / count) + left);
}
