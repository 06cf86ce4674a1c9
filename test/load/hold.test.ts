import { afterEach, expect, it } from 'vitest';
import { Chat, chatServer } from '../support/acknowledged-chat.ts';
import { within } from '../support/deadline.ts';
import { RestartingUpstream } from '../support/restarting-upstream.ts';
import { GatewayProcess } from './gateway-process.ts';

const VISITORS = 1_000;
const JOIN_AT_ONCE = 100;
const MESSAGES = 60;
const RESTARTS = [1012, 'cut', 1001, 'cut'] as const;
const DEADLINE_MS = 60_000;

const config = (upstream: string) => `
plugins:
  - path: wsfw
actions:
  Forward:
    use: plugins.wsfw.actions.WebSocketAction
    config:
      upstreamEndpoint: ${upstream}
      pingInterval: 4s
      pongTimeout: 20s
      hold:
        backoff: {initial: 50ms, max: 500ms}
        attempts: 100
routes:
  - path: /chat
    method: GET
    action: Forward
`;

const chat = new Chat(MESSAGES);
const upstream = new RestartingUpstream(chatServer(chat.log));
let gateway: GatewayProcess | null = null;

afterEach(async () => {
  for (const visitor of chat.visitors) visitor.end();
  gateway?.dispose();
  await upstream.stop();
});

it(`a chat's server restarts ${RESTARTS.length} times under ${VISITORS} clients: none reconnects, nothing acknowledged is lost`, async () => {
  await upstream.start();
  gateway = await GatewayProcess.start(config(upstream.url));
  for (let i = 0; i < VISITORS; i += JOIN_AT_ONCE)
    await within(chat.join(gateway.port, JOIN_AT_ONCE), 'opening of visitors', DEADLINE_MS);

  const pauses: number[] = [];
  for (const [i, how] of RESTARTS.entries()) {
    await within(chat.reached((i + 1) / (RESTARTS.length + 2)), 'acknowledgements', DEADLINE_MS);
    const acknowledged = chat.acknowledged;
    const began = performance.now();
    await upstream.stop(how);
    await upstream.start();
    const everybody = (i + 1) * VISITORS;
    await expect
      .poll(() => upstream.handshakes.filter(({ resumed }) => resumed !== undefined).length, {
        timeout: 30_000,
      })
      .toBeGreaterThanOrEqual(everybody);
    pauses.push(Math.round(performance.now() - began));
    expect(chat.acknowledged).toBeGreaterThanOrEqual(acknowledged);
  }
  await within(chat.reached(1), 'acknowledgements', DEADLINE_MS);

  expect(chat.visitors.flatMap(({ closed }) => closed ?? [])).toEqual([]);
  expect(upstream.handshakes.filter(({ resumed }) => resumed === undefined)).toHaveLength(VISITORS);
  const all = Array.from({ length: MESSAGES }, (_, n) => n);
  for (const said of chat.log.values()) expect(said).toEqual(all);
  console.log(`${VISITORS} clients resumed after ${pauses.join(', ')} ms`);
});
