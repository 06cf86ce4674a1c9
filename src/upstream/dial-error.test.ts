import { describe, expect, it } from 'vitest';
import { WsfwError } from '../base/errors.ts';
import { dialEnded, dialError } from './dial-error.ts';

const failed = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

describe('dialError', () => {
  it.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EAGAIN', 'EBUSY', 'ENOBUFS', 'ENOMEM'])(
    'takes %s for a shortage of ours',
    (code) => {
      for (const stage of ['connect', 'tls', 'answer'] as const) {
        expect(dialError('ws://u/', stage, failed(code)).code).toBe('WSFW_OVERLOADED');
      }
    },
  );

  it('takes several addresses for a shortage only when all of them failed so', () => {
    const all = new AggregateError([failed('EMFILE'), failed('EMFILE')]);
    expect(dialError('ws://u/', 'connect', all).code).toBe('WSFW_OVERLOADED');
    const some = new AggregateError([failed('EADDRNOTAVAIL'), failed('ECONNREFUSED')]);
    expect(dialError('ws://u/', 'connect', some)).toMatchObject({
      code: 'WSFW_UPSTREAM_UNREACHABLE',
      message: 'ws://u/: EADDRNOTAVAIL, ECONNREFUSED',
    });
  });

  it('tells TLS from TCP by the stage, and by the code once the stage is over', () => {
    expect(dialError('wss://u/', 'tls', failed('ECONNRESET')).code).toBe('WSFW_UPSTREAM_TLS');
    expect(dialError('wss://u/', 'answer', failed('ECONNRESET')).code).toBe('WSFW_UPSTREAM_UNREACHABLE');
    expect(dialError('wss://u/', 'answer', failed('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')).code).toBe(
      'WSFW_UPSTREAM_TLS',
    );
    expect(dialEnded('wss://u/', 'tls').code).toBe('WSFW_UPSTREAM_TLS');
    expect(dialEnded('wss://u/', 'answer').code).toBe('WSFW_UPSTREAM_UNREACHABLE');
  });

  it('says whether it came before any byte of an answer', () => {
    for (const stage of ['connect', 'tls', 'answer'] as const) {
      expect(dialError('ws://u/', stage, failed('ECONNRESET')).beforeAnswer).toBe(true);
      expect(dialEnded('ws://u/', stage).beforeAnswer).toBe(true);
    }
    expect(dialError('ws://u/', 'begun', failed('ECONNRESET')).beforeAnswer).toBe(false);
    expect(dialEnded('ws://u/', 'begun').beforeAnswer).toBe(false);
  });

  it('names the endpoint and keeps what led to it', () => {
    const cause = failed('ECONNREFUSED');
    expect(dialError('ws://u/ws', 'connect', cause)).toMatchObject({
      message: 'ws://u/ws: connect ECONNREFUSED',
      cause,
    });
    const own = new WsfwError('WSFW_UPSTREAM_INVALID', 'no good');
    expect(dialError('ws://u/ws', 'answer', own)).toMatchObject({
      code: own.code,
      message: 'ws://u/ws: no good',
    });
  });
});
