/** A Standard Schema that takes anything. */
const anything = { '~standard': { version: 1, vendor: 'testing', validate: (value) => ({ value }) } };

/** A plugin from outside: plain JavaScript that imports nothing. Its components do what a test's configuration says. */
export default {
  name: 'testing',
  middlewares: {
    Respond: {
      config: anything,
      create:
        ({ config }) =>
        (exchange) =>
          exchange.respond(config),
    },
    Throw: {
      config: anything,
      create:
        ({ config }) =>
        async () => {
          throw new Error(config.message);
        },
    },
    /** Lets the request be answered, then throws. */
    ThrowAfter: {
      config: anything,
      create:
        ({ config }) =>
        async (_exchange, next) => {
          await next();
          throw new Error(config.message);
        },
    },
    AnswerHeaders: {
      config: anything,
      create:
        ({ config }) =>
        (exchange, next) => {
          for (const [name, value] of Object.entries(config)) exchange.answerHeaders.append(name, value);
          return next();
        },
    },
  },
  actions: {
    /** Says what the request looked like, body included. */
    Show: {
      config: anything,
      create: () => async (exchange) => {
        const chunks = [];
        for await (const chunk of exchange.body) chunks.push(chunk);
        const { method, target } = exchange;
        const upgrade = exchange.headers.get('upgrade') ?? null;
        const body = Buffer.concat(chunks).toString();
        await exchange.respond({
          status: 200,
          headers: [['Content-Type', 'application/json']],
          body: JSON.stringify({ method, target, upgrade, body }),
        });
      },
    },
  },
};
