import { type ExtensionElement, parseExtensionList } from './tokens.ts';

const NAME = 'permessage-deflate';
const WINDOW_BITS = /^(?:8|9|1[0-5])$/;

/** The parameters of an offer or an answer (RFC 7692 §7.1); `true` for `client_max_window_bits` without a value. */
interface DeflateParams {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | null;
  readonly clientMaxWindowBits: number | true | null;
}

/**
 * The offers of `permessage-deflate`, unchanged and in order; those of other extensions are left out, since a relay
 * could not follow their frames. `''` when none is left, or when the list is malformed.
 */
export function keepDeflateOffers(extensions: string): string {
  if (extensions === '') return '';
  const offers = parseExtensionList([extensions]) ?? [];
  return offers
    .filter((offer) => offer.name === NAME)
    .map((offer) => offer.text)
    .join(', ');
}

/**
 * What is wrong with the extensions that a server agreed to, given what it was offered (RFC 6455 §9.1, RFC 7692 §7.1);
 * `null` when nothing is.
 */
export function extensionFault(answer: readonly string[], offered: string): string | null {
  if (answer.length === 0) return null;
  const [agreed, ...others] = parseExtensionList(answer) ?? [];
  if (agreed === undefined) return 'Sec-WebSocket-Extensions is malformed';
  if (others.length > 0) return 'more than one extension was agreed to';
  if (agreed.name !== NAME) return 'an extension was agreed to that was not offered';
  const params = parseParams(agreed, 'answer');
  if (params === null) return 'permessage-deflate was agreed to with invalid parameters';
  const offers = (parseExtensionList([offered]) ?? []).filter((offer) => offer.name === NAME);
  if (offers.some((offer) => satisfies(params, parseParams(offer, 'offer')))) return null;
  return 'permessage-deflate was agreed to otherwise than it was offered';
}

// RFC 7692 §7.1: each parameter at most once, none unknown, flags without a value, window bits from 8 to 15.
function parseParams(extension: ExtensionElement, where: 'offer' | 'answer'): DeflateParams | null {
  const params = new Map(extension.params);
  if (params.size !== extension.params.length) return null;
  for (const [name, value] of params) if (!isValidParam(name, value, where)) return null;
  const serverBits = params.get('server_max_window_bits');
  const clientBits = params.get('client_max_window_bits');
  return {
    serverNoContextTakeover: params.has('server_no_context_takeover'),
    clientNoContextTakeover: params.has('client_no_context_takeover'),
    serverMaxWindowBits: serverBits == null ? null : Number(serverBits),
    clientMaxWindowBits: clientBits === undefined ? null : clientBits === null ? true : Number(clientBits),
  };
}

function isValidParam(name: string, value: string | null, where: 'offer' | 'answer'): boolean {
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return value === null;
    case 'server_max_window_bits':
      return value !== null && WINDOW_BITS.test(value);
    case 'client_max_window_bits':
      return value === null ? where === 'offer' : WINDOW_BITS.test(value);
    default:
      return false;
  }
}

// A server may add to what was offered, except for client_max_window_bits, but never leave out what it was bound to.
function satisfies(answer: DeflateParams, offer: DeflateParams | null): boolean {
  if (offer === null) return false;
  if (offer.serverNoContextTakeover && !answer.serverNoContextTakeover) return false;
  if (offer.serverMaxWindowBits !== null && (answer.serverMaxWindowBits ?? 16) > offer.serverMaxWindowBits)
    return false;
  if (answer.clientMaxWindowBits === null) return true;
  if (offer.clientMaxWindowBits === null) return false;
  return (
    offer.clientMaxWindowBits === true || Number(answer.clientMaxWindowBits) <= offer.clientMaxWindowBits
  );
}
