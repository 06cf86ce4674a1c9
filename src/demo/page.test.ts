import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { type Demo, startDemo } from './demo.ts';

let demo: Demo;

beforeEach(async () => {
  const gatewayUrl = 'wss://gateway.example:8443/ws/chat';
  demo = await startDemo({ port: 0, gatewayUrl, logger: silentLogger, clock: systemClock });
});

afterEach(() => demo.stop());

const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${demo.port}${path}`, init);

describe('the demo page', () => {
  it('tells the page where the gateway and the room are', async () => {
    expect(await (await get('/gateway.json')).json()).toEqual({
      gateway: 'wss://gateway.example:8443/ws/chat',
      upstream: `ws://localhost:${demo.port}/ws`,
    });
  });

  it('allows the page to load from itself and to talk to the gateway, and nothing else', async () => {
    const response = await get('/');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
        "connect-src 'self' wss://gateway.example:8443; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('serves every file that the page names', async () => {
    const seen = new Set<string>();
    const queue = ['/'];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      seen.add(path);
      const response = await get(path);
      expect(response.status, path).toBe(200);
      const text = await response.text();
      const named = [...text.matchAll(/(?:src|href)="(\/[^"]*)"|from '\.(\/[^']+)'/g)];
      for (const [, linked, imported] of named) {
        const next = linked ?? imported ?? '/';
        if (!seen.has(next)) queue.push(next);
      }
    }
    expect([...seen].sort()).toEqual([
      '/',
      '/app.js',
      '/closing.js',
      '/connection.js',
      '/conversation.js',
      '/favicon.svg',
      '/panel.js',
      '/style.css',
    ]);
  });

  it('answers 404 for anything else and 405 for other methods', async () => {
    expect((await get('/../demo.ts')).status).toBe(404);
    const posted = await get('/', { method: 'POST', body: 'x' });
    expect(posted.status).toBe(405);
    expect(posted.headers.get('allow')).toBe('GET, HEAD');
    expect(await (await get('/', { method: 'HEAD' })).text()).toBe('');
  });
});
