/** All that a plugin may import: `import { definePlugin } from 'wsfw/plugin'`. */

export type { StandardSchemaV1 } from '@standard-schema/spec';
export { CAUSES, type Cause, type CauseFacts, type Ending, type GatewayCause } from './base/causes.ts';
export { clientKey } from './base/client-key.ts';
export type { Cancel, Clock } from './base/clock.ts';
export { ConfigError } from './base/config-error.ts';
export type { Connection, Locals } from './base/connection.ts';
export { ERRORS, type ErrorCode, WsfwError } from './base/errors.ts';
export { type Header, HeaderList } from './base/header-list.ts';
export type { HoldOptions, HoldStats, HoldTrigger } from './base/hold.ts';
export { longestBackoffMs } from './base/hold.ts';
export type { Leg } from './base/leg.ts';
export type { LogFields, Logger } from './base/logger.ts';
export { formatKeyPath, type KeyPath, type Place, type Problem } from './base/problem.ts';
export type {
  CloseHow,
  Message,
  Relay,
  RelayOptions,
  RelayResult,
  RelayStats,
  RoundTrip,
  SideStats,
} from './base/relay.ts';
export type { RouteRef } from './base/route.ts';
export { otherSide, type Side } from './base/side.ts';
export type { Storage } from './base/storage.ts';
export { readSecret } from './config/secret.ts';
export { byteSize, duration, noConfig, type Secret, secret, type ValueSchema } from './config/values.ts';
export type { Forwarder } from './forward/contract.ts';
export { parseHashKey } from './forward/hash-key.ts';
export type {
  BalancerOptions,
  EndpointOptions,
  ForwardOptions,
  HeaderRules,
  HealthCheckOptions,
  UpstreamTls,
} from './forward/options.ts';
export {
  type ActionComponent,
  type Component,
  type ComponentWarning,
  type Creation,
  definePlugin,
  type Host,
  type NoPluginConfig,
  type Plugin,
  type PluginDefinition,
} from './host/contract.ts';
export { checkUpgrade } from './http/check-upgrade.ts';
export type {
  Acceptance,
  Action,
  Answer,
  AnswerResult,
  Exchange,
  Middleware,
  Outgoing,
  UpgradeOffer,
} from './http/exchange.ts';
export { type ProblemFacts, problem } from './http/problem.ts';
export { type Endpoint, type EndpointVerdict, parseEndpoint } from './upstream/endpoint.ts';
export type { EndpointStats } from './upstream/pool/pool.ts';
