import { describe, expect, it, onTestFinished } from 'vitest';
import { Chat, startChatUpstream } from './chat.ts';
import { ReloadedGateway } from './reloaded-gateway.ts';

const STAYING = 1000;
const ROUNDS = 100;
const WARM_UP_ROUNDS = 20;
/** Generous: some KiB a reload are what the engine keeps of code that it has just compiled. */
const MAX_GROWTH_BYTES_A_ROUND = 64 * 1024;
describe('a gateway process', () => {
  it(`loses nothing of ${STAYING} chats while it is reloaded ${ROUNDS} times, and its memory comes back`, {
    timeout: 240_000,
  }, async () => {
    const upstream = await startChatUpstream();
    onTestFinished(() => upstream.close());
    const gateway = new ReloadedGateway(upstream.port);
    const url = await gateway.url();
    const [staying, moving] = [new Chat(), new Chat()];
    await staying.join(`${url}/chat`, STAYING);
    while (gateway.round < WARM_UP_ROUNDS) await gateway.reload();

    const before = await gateway.heapBytes();
    const started = performance.now();
    while (gateway.round < WARM_UP_ROUNDS + ROUNDS) {
      await gateway.reload();
      // They hold on to the components of their time.
      await moving.join(`${url}/moving`, 1);
    }
    const seconds = (performance.now() - started) / 1000;
    await moving.end(10_000);
    const growth = ((await gateway.heapBytes()) - before) / ROUNDS;
    await staying.end(10_000);
    await gateway.stop();

    expect([...staying.failures, ...moving.failures]).toEqual([]);
    expect(staying.messages).toBeGreaterThan(STAYING);
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES_A_ROUND);
    console.log(
      `${ROUNDS} reloads in ${seconds.toFixed(1)} s under ${staying.size} chats with ${staying.messages} messages: ` +
        `heap grew by ${(growth / 1024).toFixed(1)} KiB a reload`,
    );
  });
});
