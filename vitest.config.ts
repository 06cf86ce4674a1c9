import { defineConfig } from 'vitest/config';

/** Tests that take the example's own ports, or all of the machine: one file at a time. */
const alone = { pool: 'forks', fileParallelism: false, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'fuzz/*.test.ts', 'examples/**/*.test.ts'],
          exclude: ['test/{browser,example,load,package}/**', '**/node_modules/**'],
          testTimeout: 10_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'example',
          include: ['test/{example,browser}/**/*.test.ts'],
          testTimeout: 30_000,
          ...alone,
        },
      },
      { test: { name: 'load', include: ['test/load/**/*.test.ts'], testTimeout: 90_000, ...alone } },
      { test: { name: 'package', include: ['test/package/**/*.test.ts'], testTimeout: 120_000, ...alone } },
    ],
  },
});
