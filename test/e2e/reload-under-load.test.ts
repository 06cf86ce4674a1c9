import { describe, expect, it, onTestFinished } from 'vitest';
import { Chat, startChatUpstream } from '../load/chat.ts';
import { ReloadedGateway } from '../load/reloaded-gateway.ts';

const CHATS = 100;
const ROUNDS = 20;

// The same with a thousand chats and a hundred reloads, and with a look at the memory: npm run test:load.
describe.skipIf(process.platform === 'win32')('a gateway that is reloaded again and again', () => {
  it('loses no connection and no message, of routes that change neither', { timeout: 60_000 }, async () => {
    const upstream = await startChatUpstream();
    onTestFinished(() => upstream.close());
    const gateway = new ReloadedGateway(upstream.port);
    const url = await gateway.url();
    const chat = new Chat();
    await chat.join(`${url}/chat`, CHATS);
    while (gateway.round < ROUNDS) {
      chat.speak();
      await gateway.reload();
      await chat.answered(10_000);
      await chat.join(`${url}/moving`, 1);
    }
    await chat.end(10_000);
    await gateway.stop();
    expect(chat.failures).toEqual([]);
    expect(chat.messages).toBeGreaterThanOrEqual(CHATS * (ROUNDS - 1));
  });
});
