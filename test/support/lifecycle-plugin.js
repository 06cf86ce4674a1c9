/**
 * What became of components, in order: `+label` when one was built, `-label` when it was disposed of. In one place for
 * all copies of this module, since the test runner's loader and Node's make one each.
 */
const key = Symbol.for('wsfw.test.lives');
globalThis[key] ??= [];
export const lives = globalThis[key];

const anything = { '~standard': { version: 1, vendor: 'testing', validate: (value) => ({ value }) } };

const living = (make) => ({
  config: anything,
  create({ config, host }) {
    const { label, file, storage, fails } = config;
    if (fails) throw new Error(fails);
    if (file) host.resolvePath(file);
    if (storage) host.storage(storage);
    lives.push(`+${label}`);
    host.onDispose(() => void lives.push(`-${label}`));
    return make(config, host);
  },
});

const store = {
  get: async () => null,
  set: async () => {},
  increment: async () => ({ value: 1, expiresInMs: 0 }),
  delete: async () => false,
};

/** A plugin from outside whose components tell of their lives. */
export default {
  name: 'lifecycle',
  middlewares: { Pass: living(() => (_, next) => next()) },
  actions: {
    Answer: living(
      ({ label }) =>
        (exchange) =>
          exchange.respond({ status: 200, body: label }),
    ),
  },
  storages: { Store: living(() => store) },
};
