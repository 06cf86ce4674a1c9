import type { Balancer, Random } from './balancer.ts';
import { LeastConnections } from './least-connections.ts';
import { RandomTwo } from './random-two.ts';
import { Rendezvous } from './rendezvous.ts';
import { RoundRobin } from './round-robin.ts';

const BALANCERS = {
  roundRobin: RoundRobin,
  leastConnections: LeastConnections,
  randomTwo: RandomTwo,
  hash: Rendezvous,
} as const;

export type BalancerName = keyof typeof BALANCERS;

export const BALANCER_NAMES = Object.keys(BALANCERS) as readonly BalancerName[];

/** @param random replaced in tests only. */
export function createBalancer(name: BalancerName, random: Random = Math.random): Balancer {
  return new BALANCERS[name](random);
}
