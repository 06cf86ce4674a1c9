import { type ComponentWarning, type Endpoint, parseEndpoint } from '../../plugin.ts';
import { looksPublic } from './public-host.ts';
import type { WebSocketConfig } from './web-socket-config.ts';

/** What is legal in the options of `WebSocketAction` but surely unwanted. */
export function webSocketWarnings(config: WebSocketConfig): ComponentWarning[] {
  const parsed = parseEndpoint(config.upstreamEndpoint);
  return [...timerWarnings(config), ...(parsed.ok ? endpointWarnings(config, parsed.endpoint) : [])];
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

function endpointWarnings({ preserveHost, tls }: WebSocketConfig, endpoint: Endpoint): ComponentWarning[] {
  const warnings: ComponentWarning[] = [];
  const isPublic = looksPublic(endpoint.host);
  if (!endpoint.secure && isPublic)
    warnings.push({
      path: ['upstreamEndpoint'],
      message:
        'goes over ws:// to a host that does not look private: anybody on the way can read it. Use wss://',
    });
  if (endpoint.secure && isPublic && preserveHost === undefined)
    warnings.push({
      path: ['upstreamEndpoint'],
      message:
        'is a public wss:// endpoint that will get the Host of the client, which most refuse. ' +
        'Write preserveHost: false, or preserveHost: true if that is meant',
    });
  if (!tls.rejectUnauthorized)
    warnings.push({
      path: ['tls', 'rejectUnauthorized'],
      message:
        'is off: anybody between the gateway and the upstream can pose as the upstream. Give its CA as tls.ca',
    });
  if (!endpoint.secure && (tls.ca ?? tls.cert ?? tls.servername) !== undefined)
    warnings.push({ path: ['tls'], message: 'does nothing for a ws:// endpoint' });
  return warnings;
}
