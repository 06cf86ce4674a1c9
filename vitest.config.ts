import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/load/**', '**/node_modules/**'],
    testTimeout: 10_000,
    pool: 'forks',
  },
});
