import { expect, it } from 'vitest';
import { wsfw } from '../e2e/command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const config = (path: string): string => `
plugins: [{path: wsfw}]
actions:
  Rooms: {use: plugins.wsfw.actions.WebSocketAction, config: {upstreamEndpoint: "ws://localhost/:room/:room"}}
routes:
  - {path: "${path}", action: Rooms}
`;

it('finds a route without the parameter that its upstream takes', async () => {
  const check = (path: string) =>
    wsfw(['check', '--config', 'a.yaml'], { cwd: temporaryFolder({ 'a.yaml': config(path) }) });
  expect(await check('/rooms/:id')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(
      'a.yaml:6:12  routes[0].path\n  has no :room, which the upstreamEndpoint of Rooms takes\n1 problem.',
    ) as string,
  });
  expect(await check('/rooms/:room')).toMatchObject({ code: 0 });
});
