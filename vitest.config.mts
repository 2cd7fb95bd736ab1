import { defineConfig } from 'vitest/config';

const shared = { testTimeout: 20_000 } as const;

/** They count the fds of their process, which threads would share. */
const COUNTS_FDS = ['fd-broker', 'message-socket'].map((name) => `test/kernel-api/${name}.test.ts`);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cli/**', 'test/kernel/**', 'test/libvirt/**', 'test/peer/**', ...COUNTS_FDS],
          pool: 'threads',
          isolate: false,
        },
      },
      { test: { ...shared, name: 'fds', include: COUNTS_FDS, pool: 'forks' } },
      { test: { ...shared, name: 'cli', include: ['test/cli/**/*.test.ts'], pool: 'forks', globalSetup: ['test/cli/build.ts'] } },
    ],
  },
});
