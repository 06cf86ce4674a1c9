import { describe, expect, it } from 'vitest';
import { looksPublic } from './public-host.ts';

describe('looksPublic', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    'fe80::1',
    '::ffff:10.0.0.1',
    'localhost',
    'chat',
    'chat.default.svc',
    'chat.default.svc.cluster.local',
    'chat.internal',
    'chat.localhost.',
  ])('takes %s for private', (host) => {
    expect(looksPublic(host)).toBe(false);
  });

  it.each([
    '8.8.8.8',
    '2606:4700::1',
    '::ffff:8.8.8.8',
    'chat.example.com',
    'notlocal.example',
    'localhost.example.com',
  ])('takes %s for public', (host) => {
    expect(looksPublic(host)).toBe(true);
  });
});
