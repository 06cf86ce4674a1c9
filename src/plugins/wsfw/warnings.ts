import { isIP } from 'node:net';
import { type ComponentWarning, type Endpoint, longestBackoffMs, parseEndpoint } from '../../plugin.ts';
import { looksPublic } from './public-host.ts';
import type { WebSocketConfig } from './web-socket-config.ts';

/** An endpoint, and where it stands. */
interface Written {
  readonly path: ComponentWarning['path'];
  readonly endpoint: Endpoint;
}

/** What is legal in the options of `WebSocketAction` but surely unwanted. */
export function webSocketWarnings(config: WebSocketConfig): ComponentWarning[] {
  const endpoints = endpointsOf(config);
  return [
    ...timerWarnings(config),
    ...endpoints.flatMap((endpoint) => endpointWarnings(config, endpoint)),
    ...tlsWarnings(config, endpoints),
    ...choiceWarnings(config, endpoints.length),
    ...healthWarnings(config, endpoints.length),
    ...nameWarnings(config, endpoints),
    ...holdWarnings(config),
  ];
}

function endpointsOf({ upstreamEndpoint, upstreamEndpoints = [] }: WebSocketConfig): Written[] {
  const urls = upstreamEndpoint === undefined ? upstreamEndpoints.map(({ url }) => url) : [upstreamEndpoint];
  return urls.flatMap((url, i) => {
    const verdict = parseEndpoint(url);
    const path = upstreamEndpoint === undefined ? ['upstreamEndpoints', i] : ['upstreamEndpoint'];
    return verdict.ok ? [{ path, endpoint: verdict.endpoint }] : [];
  });
}

function timerWarnings({ pingInterval, pongTimeout, maxInactivity }: WebSocketConfig): ComponentWarning[] {
  const warnings: ComponentWarning[] = [];
  if (pongTimeout > 0 && pingInterval === 0)
    warnings.push({ path: ['pongTimeout'], message: 'does nothing without pingInterval: nobody is pinged' });
  if (maxInactivity > 0 && maxInactivity < pingInterval)
    warnings.push({
      path: ['maxInactivity'],
      message: 'is below pingInterval: a quiet connection ends before it is pinged once',
    });
  return warnings;
}

function endpointWarnings(
  { preserveHost }: WebSocketConfig,
  { path, endpoint }: Written,
): ComponentWarning[] {
  if (!looksPublic(endpoint.host)) return [];
  if (!endpoint.secure)
    return [
      {
        path,
        message:
          'goes over ws:// to a host that does not look private: anybody on the way can read it. Use wss://',
      },
    ];
  if (preserveHost !== undefined) return [];
  return [
    {
      path,
      message:
        'is a public wss:// endpoint that will get the Host of the client, which most refuse. ' +
        'Write preserveHost: false, or preserveHost: true if that is meant',
    },
  ];
}

function tlsWarnings({ tls }: WebSocketConfig, endpoints: readonly Written[]): ComponentWarning[] {
  const warnings: ComponentWarning[] = [];
  if (!tls.rejectUnauthorized)
    warnings.push({
      path: ['tls', 'rejectUnauthorized'],
      message:
        'is off: anybody between the gateway and the upstream can pose as the upstream. Give its CA as tls.ca',
    });
  const isSet = (tls.ca ?? tls.cert ?? tls.servername) !== undefined;
  if (isSet && !endpoints.some(({ endpoint }) => endpoint.secure))
    warnings.push({ path: ['tls'], message: 'does nothing for a ws:// endpoint' });
  return warnings;
}

/** A name that is resolved may be any number of endpoints. */
const isOne = ({ resolve }: WebSocketConfig, count: number): boolean => count === 1 && resolve === undefined;

function choiceWarnings(config: WebSocketConfig, count: number): ComponentWarning[] {
  const { upstreamEndpoints = [], balancer, connectTimeout, handshakeTimeout, retries } = config;
  const warnings: ComponentWarning[] = [];
  if (upstreamEndpoints.length > 0 && upstreamEndpoints.every(({ weight }) => weight === 0))
    warnings.push({
      path: ['upstreamEndpoints'],
      message: 'all have a weight of 0: every connection will be refused',
    });
  if (isOne(config, count)) {
    if (balancer !== 'roundRobin')
      warnings.push({ path: ['balancer'], message: 'does nothing: there is one endpoint to choose from' });
  } else if (retries > 0 && connectTimeout >= handshakeTimeout)
    warnings.push({
      path: ['connectTimeout'],
      message: 'is not below handshakeTimeout: after an endpoint that is silent no other can be asked',
    });
  return warnings;
}

function healthWarnings(config: WebSocketConfig, count: number): ComponentWarning[] {
  const { healthCheck, passiveHealth, resolve } = config;
  const warnings: ComponentWarning[] = [];
  if (passiveHealth !== undefined && passiveHealth.failures > 0 && resolve === undefined) {
    if (count === 1)
      warnings.push({ path: ['passiveHealth'], message: 'does nothing: the only endpoint is never ejected' });
    else if (count * passiveHealth.maxEjected < 1)
      warnings.push({
        path: ['passiveHealth', 'maxEjected'],
        message: `is less than one of ${count} endpoints: none will be ejected`,
      });
  }
  if (healthCheck === undefined) return warnings;
  if (healthCheck.interval < healthCheck.timeout)
    warnings.push({
      path: ['healthCheck', 'interval'],
      message: 'is below timeout: checks of an endpoint that is silent will be rarer than that',
    });
  if (healthCheck.type === 'tcp' && healthCheck.path !== undefined)
    warnings.push({ path: ['healthCheck', 'path'], message: 'does nothing: type tcp asks for no path' });
  return warnings;
}

function nameWarnings({ resolve }: WebSocketConfig, endpoints: readonly Written[]): ComponentWarning[] {
  if (resolve === undefined || resolve.srv !== undefined) return [];
  if (endpoints.some(({ endpoint }) => isIP(endpoint.host) === 0)) return [];
  return [{ path: ['resolve'], message: 'does nothing: every endpoint is an address, and no name' }];
}

function holdWarnings({ hold, maxInactivity }: WebSocketConfig): ComponentWarning[] {
  if (hold === undefined) return [];
  const { attempts, backoff, bufferBytes } = hold;
  const warnings: ComponentWarning[] = [];
  const waitsMs = longestBackoffMs({
    attempts,
    backoff: { ...backoff, initialMs: backoff.initial, maxMs: backoff.max },
  });
  if (maxInactivity > 0 && maxInactivity <= waitsMs)
    warnings.push({
      path: ['hold', 'attempts'],
      message: `wait for up to ${waitsMs / 1000}s in all: a client that is quiet meanwhile is closed by maxInactivity first`,
    });
  if (backoff.max < backoff.initial)
    warnings.push({
      path: ['hold', 'backoff', 'max'],
      message: 'is below initial: every wait is that short',
    });
  if (bufferBytes === 0)
    warnings.push({
      path: ['hold', 'bufferBytes'],
      message:
        'is 0: a held client is not read, so its pings stay unanswered and its leaving may go unnoticed',
    });
  return warnings;
}
