import { defineConfig } from 'vitest/config';

/** The same inputs to vmattach and to the QEMU of this machine. */
export default defineConfig({
  test: {
    name: 'peer',
    include: ['test/peer/**/*.test.ts'],
    globalSetup: ['test/cli/build.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    maxConcurrency: 4,
  },
});
