import { constants, Script } from 'node:vm';

const script = new Script('(url) => import(url)', {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});

/** `import()` as Node itself does it: inside a test `import()` is the test runner's, with other errors. */
export const nativeImport = script.runInThisContext() as (url: string) => Promise<unknown>;
