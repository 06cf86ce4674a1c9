import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/load/**/*.test.ts'],
    testTimeout: 90_000,
    hookTimeout: 20_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
