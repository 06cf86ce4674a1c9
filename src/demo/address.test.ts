import { describe, expect, it } from 'vitest';
import { browserAddress } from './address.ts';

describe('browserAddress', () => {
  it('says localhost where the gateway is bound to any address or to loopback', () => {
    for (const host of ['127.0.0.1', '0.0.0.0', '::', '::1']) {
      expect(browserAddress({ host, port: 8090, encrypted: false }, '/ws/chat')).toBe(
        'ws://localhost:8090/ws/chat',
      );
    }
  });

  it('keeps other addresses, brackets IPv6, and says wss for TLS', () => {
    expect(browserAddress({ host: '192.0.2.7', port: 443, encrypted: true }, '/a')).toBe(
      'wss://192.0.2.7:443/a',
    );
    expect(browserAddress({ host: '2001:db8::1', port: 80, encrypted: false }, '/')).toBe(
      'ws://[2001:db8::1]:80/',
    );
  });
});
