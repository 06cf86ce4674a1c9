import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIONS, EXAMPLE, folderWith, MIDDLEWARES, problemsIn } from './files.suite.ts';
import { loadConfig } from './load.ts';
import { readYaml } from './yaml-tree.ts';

describe('mistakes in YAML', () => {
  it('are reported with their place, and hide nothing in other files', async () => {
    expect(
      await problemsIn({
        'a.yaml': 'routes: [\n',
        'b.yaml': 'x: "a\n',
        'c.yaml': `server:\n  port: \${NOPE}\n`,
      }),
    ).toEqual([
      expect.stringMatching(/^a\.yaml:2:1: a \] is missing before this/),
      expect.stringMatching(/^b\.yaml:2:1: Missing closing "quote/),
      expect.stringMatching(/^c\.yaml:2:9 {2}server\.port: the environment variable NOPE is not set/),
    ]);
  });

  it('name both places of a key that stands twice', async () => {
    expect(
      await problemsIn({
        'a.yaml': 'routes: []\nactions:\n  A: {use: plugins.x.actions.Y}\n  A: {use: plugins.x.actions.Z}\n',
        'b.yaml': 'actions:\n  B: {use: plugins.x.actions.Y}\n  A: {use: plugins.x.actions.Z}\nroutes: []\n',
      }),
    ).toEqual([
      'a.yaml:4:3  actions.A: stands twice; first in line 3',
      'b.yaml:3:3  actions.A: stands in a.yaml:3:3 as well',
      'b.yaml:4:1  routes: stands in a.yaml:1:1 as well',
    ]);
  });

  it('include tags, merge keys, keys that are no texts, and files that are no maps', async () => {
    expect(
      await problemsIn({
        'a.yaml':
          'server:\n  appName: !secret x\n  <<: {tls: true}\n  ? [a]\n  : 1\n  __proto__: {tls: true}\n',
        'b.yaml': '- path: /a\n',
        'c.yaml': 'a: 1\n---\nb: 2\n',
      }),
    ).toEqual([
      'a.yaml:2:20  server.appName: the tag !secret has no meaning here',
      'a.yaml:3:3  server.<<: merge keys are not supported: write the keys out',
      'a.yaml:4:5  server: a key must be a text',
      'a.yaml:6:3  server.__proto__: this name cannot be used',
      'b.yaml:1:1: expected a map of keys such as routes: and actions:',
      expect.stringMatching(/^c\.yaml:2:1: a second document begins here/),
    ]);
  });

  it.each([
    [
      'server:\n  appName: a\n   tls: true\n',
      '2:12: one value has a second key in it: is the next line indented',
    ],
    ['server:\n  appName: a: b\n', '2:12: one value has a second key in it'],
    ['server:\n  appName:a\n  tls: true\n', '2:3: expected a key, a colon and a space'],
    ['server:\n    tls: true\n  appName: a\n', '3:1: is indented unlike what stands beside it'],
    ['routes:\n- path: /a\n action: a\n', '3:1: is indented as an entry of the list, but has no -'],
    [`server: {appName: \${A}}\n`, '1:20: a text with [ ] { } or , in it'],
    [`server:\n  trustedProxies: [\${A}]\n`, '2:21: a comma is missing, or a text with'],
    ['server:\n  trustedProxies: [::1]]\n', '2:24: there is a ] too many'],
    ['server:\n  appName: *\n', '2:12: a text that begins with * needs quotes'],
    ['server:\n  appName: @a\n', '2:12: a text that begins with @ needs quotes'],
    ['server:\n  appName: %a\n', '2:12: a text that begins with % needs quotes'],
    ['server:\n  appName: !!str a\n', '2:18  server.appName: the tag !!str has no meaning here'],
  ])('are told once, in words that help: %j', async (text, expected) => {
    const problems = await problemsIn({ 'a.yaml': text });
    expect(problems).toEqual([expect.stringContaining(`a.yaml:${expected}`)]);
  });

  it('never throw, whatever the file holds', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a',
        ': ',
        '- ',
        '\n',
        '  ',
        '[',
        ']',
        '{',
        '}',
        '"',
        "'",
        '&x ',
        '*x',
        '!t ',
        '|',
        '>',
        '#',
        '<<',
        '? ',
      ),
      fc.constantFrom(
        '---\n',
        `\${A}`,
        `\${`,
        '__proto__',
        'null',
        '1e999',
        '\t',
        '%YAML 1.1\n',
        '\ufeff',
        '2020-01-01',
      ),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const tree = readYaml(pieces.join(''), 'a.yaml', { A: 'x' });
        expect(structuredClone(tree.root)).toEqual(tree.root);
        for (const { place } of tree.problems) expect(place).toMatchObject({ file: 'a.yaml' });
      }),
      { numRuns: 1000 },
    );
  });

  it('are cut short when one makes the parser stumble over all that follows', async () => {
    expect((await problemsIn({ 'a.yaml': '['.repeat(5000) })).length).toBeLessThanOrEqual(5);
    expect((await problemsIn({ 'a.yaml': `server: ${'['.repeat(200)}${']'.repeat(200)}` })).join()).toContain(
      'nested too deeply',
    );
  });

  it('do not pollute any prototype', async () => {
    await problemsIn({
      'a.yaml': 'actions:\n  __proto__:\n    polluted: true\n  constructor: {use: plugins.x.actions.Y}\n',
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('anchors and aliases', () => {
  it('repeat what they name', async () => {
    const config = await loadConfig('.', {
      cwd: await folderWith({
        'a.yaml': `actions:
  A: &a {use: plugins.x.actions.Y, config: &options {timeout: 5s}}
  B: *a
  C: {use: plugins.x.actions.Z, config: *options}
`,
      }),
    });
    expect(config.actions['B']?.config).toEqual({ timeout: '5s' });
    expect(config.actions['C']?.config).toEqual({ timeout: '5s' });
  });

  it('neither run in circles, nor name nothing, nor add up to a bomb', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 10; i++) {
      const before = `*${String.fromCharCode(96 + i)}`;
      const name = String.fromCharCode(97 + i);
      bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => before).join(',')}]`);
    }
    expect(await problemsIn({ 'a.yaml': 'server:\n  trustedProxies: &t [*t]\n' })).toContain(
      'a.yaml:2:23  server.trustedProxies[0][0]: &t contains itself',
    );
    expect(await problemsIn({ 'a.yaml': 'server:\n  appName: *nobody\n' })).toEqual([
      'a.yaml:2:12  server.appName: no anchor is named &nobody',
    ]);
    const problems = await problemsIn({ 'a.yaml': `actions:\n  ${bomb.join('\n  ')}\n` });
    expect(problems.filter((each) => each.includes('the aliases add up to too much'))).toHaveLength(1);
    expect(problems.length).toBeLessThan(20);
  });
});

describe('names that refer to something', () => {
  it('are reported with what is defined when nothing bears them', async () => {
    expect(
      await problemsIn({
        ...EXAMPLE,
        'a.yaml': ACTIONS + MIDDLEWARES,
        'b.yaml': `globalMiddlewares: [CheckWebsocketUpgrade]
routes:
  - path: /a
    name: a
    middlewares:
      - Nobody
    action: ForwardWebsocket
  - path: /b
    name: a
    action: ForwardWebSocket
`,
      }),
    ).toEqual([
      'b.yaml:1:21  globalMiddlewares[0]: no middleware is named CheckWebsocketUpgrade. Defined: CheckWebSocketUpgrade',
      'b.yaml:6:9  routes[0].middlewares[0]: no middleware is named Nobody. Defined: CheckWebSocketUpgrade',
      'b.yaml:7:13  routes[0].action: no action is named ForwardWebsocket. Defined: ForwardWebSocket',
      'b.yaml:9:11  routes[1].name: routes[0] has the same name',
    ]);
  });

  it('are not reported when what bears them is itself wrong', async () => {
    const problems = await problemsIn({
      'a.yaml':
        'actions:\n  A: {use: nothing}\nroutes:\n  - {path: /a, action: A}\n  - {path: /b, action: B}\n',
    });
    expect(problems).toEqual([
      'a.yaml:2:12  actions.A.use: found "nothing", expected plugins.<plugin>.actions.<Component>',
      'a.yaml:5:24  routes[1].action: no action is named B. Defined: A',
    ]);
  });

  it('say so when nothing is defined', async () => {
    expect(await problemsIn({ 'a.yaml': 'routes:\n  - {path: /a, action: A}\n' })).toEqual([
      'a.yaml:2:24  routes[0].action: no action is named A. None is defined.',
    ]);
  });

  it('cannot be names that every object has', async () => {
    expect(await problemsIn({ 'a.yaml': 'actions:\n  constructor: {use: plugins.x.actions.Y}\n' })).toEqual([
      'a.yaml:2:3  actions.constructor: this name cannot be used',
    ]);
  });
});
