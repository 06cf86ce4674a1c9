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

it('finds a route without a parameter that one of several upstreams takes, or that the balancer hashes', async () => {
  const options =
    'upstreamEndpoints: ["ws://a/:shard", {url: "ws://b/:shard"}], balancer: {hash: "param:user"}';
  const text = config('/rooms/:id').replace('upstreamEndpoint: "ws://localhost/:room/:room"', options);
  const { code, stdout } = await wsfw(['check', '--config', 'a.yaml'], {
    cwd: temporaryFolder({ 'a.yaml': text }),
  });
  expect(code).toBe(1);
  expect(stdout).toContain('has no :shard, which the upstreamEndpoints of Rooms takes');
  expect(stdout).toContain('has no :user, which the balancer of Rooms takes');
  expect(stdout).toContain('2 problems.');
});
