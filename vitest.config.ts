import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/property-seed.ts'],
    testTimeout: 30_000,
    // What a suite needs is a cluster or two proxies now and then; ten seconds, as otherwise, are few on a busy machine.
    hookTimeout: 90_000,
    // What is waited for comes when it comes: a second, as otherwise, can pass before a busy machine gets to it.
    expect: { poll: { timeout: 20_000 } },
    // The machine that runs this has two cores; slow end-to-end tests come last by their folder's name.
    maxWorkers: 2,
  },
});
