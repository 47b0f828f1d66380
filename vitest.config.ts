import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // The machine that runs this has two cores; slow end-to-end tests come last by their folder's name.
    maxWorkers: 2,
  },
});
