import { Readable } from 'node:stream';

/** A Standard Schema that takes anything. */
const anything = { '~standard': { version: 1, vendor: 'testing', validate: (value) => ({ value }) } };

/** A plugin from outside: plain JavaScript that imports nothing of the gateway. Its components do what a test's configuration says. */
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
    ThrowBehind: {
      config: anything,
      create:
        ({ config }) =>
        async (_, next) => {
          await next();
          throw new Error(config.message);
        },
    },
    /** Asks before and after the answer to be told of the end, and logs what it is told. */
    Told: {
      config: anything,
      create:
        ({ host }) =>
        async (exchange, next) => {
          const tell = (asked) =>
            exchange.onEnd(({ cause, status }) => host.logger.info({ asked, cause, status }, 'told'));
          tell('before');
          await next();
          tell('after');
        },
    },
    Forget: { config: anything, create: () => async () => {} },
    NextTwice: {
      config: anything,
      create: () => async (_, next) => {
        await next();
        await next();
      },
    },
    /** Answers with a stream that may break. */
    Stream: {
      config: anything,
      create:
        ({ config }) =>
        (exchange) => {
          const parts = async function* () {
            for (const part of config.parts) yield Buffer.from(part);
            if (config.breaks) throw new Error('the stream broke');
          };
          return exchange.respond({ status: config.status, body: Readable.from(parts()) });
        },
    },
    /** Waits until the client leaves, then answers all the same. */
    Late: {
      config: anything,
      create: () => async (exchange) => {
        await new Promise((resolve) => {
          if (exchange.signal.aborted) resolve();
          else exchange.signal.addEventListener('abort', resolve);
        });
        await exchange.respond({ status: 403 });
      },
    },
    /** Changes what goes upstream. */
    Rewrite: {
      config: anything,
      create:
        ({ config }) =>
        (exchange, next) => {
          const { outgoing } = exchange;
          for (const [name, value] of Object.entries(config.headers ?? {})) outgoing.headers.set(name, value);
          if (config.query !== undefined) outgoing.query = config.query;
          if (config.subprotocols !== undefined) outgoing.subprotocols = config.subprotocols;
          return next();
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
