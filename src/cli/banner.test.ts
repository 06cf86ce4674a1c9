import { describe, expect, it } from 'vitest';
import { type BannerInput, renderBanner } from './banner.ts';

const example: BannerInput = {
  version: '0.1.0',
  appName: '',
  listening: { url: 'http://127.0.0.1:8090' },
  workers: 1,
  routes: [
    {
      methods: ['GET'],
      pattern: '/ws/chat',
      host: null,
      middlewares: ['CheckWebSocketUpgrade'],
      action: 'ForwardWebSocket',
      upstream: 'ws://localhost:8080/ws',
    },
  ],
  health: { live: '/health/live', ready: '/health/ready' },
  demo: { pageUrl: 'http://localhost:8080/', upstreamUrl: 'ws://localhost:8080/ws' },
};

const plain = (input: BannerInput) => renderBanner(input, { color: false });

describe('renderBanner', () => {
  it('tells a newcomer where everything is', () => {
    expect(plain(example)).toBe(`
  wsfw 0.1.0

  Listening   http://127.0.0.1:8090
  Health      /health/live   /health/ready
  Demo        ws://localhost:8080/ws (a chat room to forward to)

  Routes: path, then middlewares → action → upstream
  GET   /ws/chat
        CheckWebSocketUpgrade → ForwardWebSocket → ws://localhost:8080/ws

  Open http://localhost:8080/ in a browser to chat through the gateway.

  Ctrl-C stops everything in good order.

`);
  });

  it('aligns routes and leaves out what there is not', () => {
    const route = { middlewares: [], action: 'Hello', upstream: null };
    expect(
      plain({
        ...example,
        appName: 'Chat edge',
        health: null,
        demo: null,
        routes: [
          { ...route, methods: ['GET', 'POST'], pattern: '/a/:id', host: '*.example.com' },
          { ...route, methods: ['*'], pattern: '/b/*', host: null, middlewares: ['One', 'Two'] },
        ],
      }),
    ).toBe(`
  wsfw 0.1.0   Chat edge

  Listening   http://127.0.0.1:8090

  Routes: path, then middlewares → action → upstream
  GET,POST   *.example.com/a/:id
             Hello
  all        /b/*
             One → Two → Hello

  Ctrl-C stops everything in good order.

`);
  });

  it('says what a gateway without routes does', () => {
    expect(plain({ ...example, routes: [] })).toContain(
      '\n  No routes: every request is answered with 404.\n',
    );
  });

  it('adds colour and nothing else when asked to', () => {
    const colored = renderBanner(example, { color: true });
    expect(colored).toContain('\u001b[1mhttp://127.0.0.1:8090\u001b[22m');
    const bare = colored
      .split('\u001b')
      .map((part, i) => (i === 0 ? part : part.replace(/^\[\d+m/, '')))
      .join('');
    expect(bare).toBe(plain(example));
  });

  it('prints nothing of the configuration that could drive the terminal', () => {
    const hostile = plain({ ...example, appName: 'x\u001b[2J\r\n' });
    expect(hostile).toContain('wsfw 0.1.0   x\uFFFD[2J\uFFFD\uFFFD\n');
  });
});
