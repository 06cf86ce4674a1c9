import { describe, expect, it } from 'vitest';
import { pluginSource } from './plugin-source.ts';

describe('pluginSource', () => {
  it.each([
    ['wsfw', { kind: 'builtin', name: 'wsfw' }],
    ['/plugins/wsfw.so', { kind: 'builtin', name: 'wsfw' }],
    ['./limiter.so', { kind: 'builtin', name: 'limiter' }],
    ['C:\\plugins\\wsfw.so', { kind: 'builtin', name: 'wsfw' }],
    ['other.so', { kind: 'builtin', name: 'other' }],
    ['./token.js', { kind: 'file', file: '/etc/gateway/token.js' }],
    ['../token.ts', { kind: 'file', file: '/etc/token.ts' }],
    ['/opt/token.js', { kind: 'file', file: '/opt/token.js' }],
    ['token', { kind: 'package', specifier: 'token' }],
    ['@me/token/plugin', { kind: 'package', specifier: '@me/token/plugin' }],
  ])('reads %s', (path, source) => {
    expect(pluginSource(path, '/etc/gateway', (name) => name === 'wsfw')).toEqual(source);
  });
});
