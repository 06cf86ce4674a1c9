export { CAUSES, type Cause, type GatewayCause } from './base/causes.ts';
export { type Cancel, type Clock, systemClock } from './base/clock.ts';
export { ConfigError } from './base/config-error.ts';
export type { Connection, Locals } from './base/connection.ts';
export { ERRORS, type ErrorCode, WsfwError } from './base/errors.ts';
export { formatProblems } from './base/format-problems.ts';
export type { HoldStats } from './base/hold.ts';
export type { LogFields, Logger } from './base/logger.ts';
export type { Observer, Refusal } from './base/observer.ts';
export type { KeyPath, Place, Problem } from './base/problem.ts';
export type {
  CloseHow,
  Message,
  RelayResult,
  RelayStats,
  RoundTrip,
  SideStats,
} from './base/relay.ts';
export type { RouteRef } from './base/route.ts';
export type { Side } from './base/side.ts';
export type { Config } from './config/config.ts';
export { type LoadOptions, loadConfig } from './config/load.ts';
export type { ReloadChanges } from './gateway/changes.ts';
export { createGateway, type Gateway, type GatewayAddress, type GatewayOptions } from './gateway/gateway.ts';
export type { GatewayStats } from './gateway/registry.ts';
export type { UpstreamStats } from './gateway/upstreams.ts';
