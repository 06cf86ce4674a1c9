import type { Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { afterEach, expect } from 'vitest';
import { WsfwError } from '../../src/base/errors.ts';
import { Withdrawal } from '../../src/base/withdrawal.ts';
import { createDial, type DialOutcome, type DialRequest } from '../../src/upstream/dial.ts';
import { parseEndpoint } from '../../src/upstream/endpoint.ts';
import type { TlsProfile } from '../../src/upstream/open-socket.ts';
import { certificates } from './certificates/index.ts';
import { ManualClock } from './manual-clock.ts';
import { type ScriptedUpstream, scriptUpstream } from './scripted-upstream.ts';

export type Script = Parameters<typeof scriptUpstream>[0];

/**
 * What tests of dialing share. After each test of the file no timer may be set, and every connection that an upstream
 * had has to be gone.
 */
export function dialing() {
  const upstreams: ScriptedUpstream[] = [];
  const clock = new ManualClock();

  afterEach(async () => {
    for (const made of upstreams.splice(0)) {
      await made.drained();
      await made.close();
    }
    expect(clock.pending).toBe(0);
  });

  const upstream = async (script: Script): Promise<ScriptedUpstream> => {
    const made = await scriptUpstream(script);
    upstreams.push(made);
    return made;
  };

  const request = (url: string, changes: Partial<DialRequest> = {}): DialRequest => {
    const verdict = parseEndpoint(url);
    if (!verdict.ok) throw new Error(verdict.problem);
    return {
      endpoint: verdict.endpoint,
      tls: null,
      target: '/ws?a=b',
      host: 'gateway.test',
      subprotocols: [],
      extensions: '',
      headers: [],
      connectTimeoutMs: 5_000,
      deadlineMs: clock.now() + 10_000,
      stallMs: 10_000,
      withdrawal: new Withdrawal(),
      ...changes,
    };
  };

  return { clock, dial: createDial(clock), upstream, request };
}

export const at = (made: ScriptedUpstream): string => `ws://127.0.0.1:${made.port}/ws`;

/** An upstream that answers every request with `text`, and goes on listening. */
export const answers = (text: string): Script => ({
  onRequest: (socket) => {
    socket.write(text, 'latin1');
  },
});

/** An upstream that answers every request with `text`, and ends. */
export const finishes = (text: string): Script => ({
  onRequest: (socket) => {
    socket.end(text, 'latin1');
  },
});

export async function accepted(outcome: Promise<DialOutcome>) {
  const result = await outcome;
  if (result.kind !== 'accepted') throw new Error(`answered with ${result.status}`);
  return { ...result, stream: result.leg.stream as Socket };
}

export async function answered(outcome: Promise<DialOutcome>) {
  const result = await outcome;
  if (result.kind !== 'answer') throw new Error('accepted');
  return result;
}

export async function failure(outcome: Promise<DialOutcome>): Promise<WsfwError> {
  try {
    await outcome;
  } catch (error) {
    if (error instanceof WsfwError) return error;
    throw error;
  }
  throw new Error('the dial succeeded');
}

export const codeOf = async (outcome: Promise<DialOutcome>): Promise<string> => (await failure(outcome)).code;

/** How to speak TLS with an upstream whose certificate the tests' CA issued. */
export function tlsProfile(
  changes: Partial<TlsProfile> = {},
  context: SecureContextOptions = {},
): TlsProfile {
  return {
    secureContext: createSecureContext({ ca: certificates.ca, ...context }),
    servername: null,
    rejectUnauthorized: true,
    ...changes,
  };
}
