import { defineConfig } from 'vitest/config';

const shared = { testTimeout: 20_000 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cli/**', 'test/kernel/**', 'test/libvirt/**', 'test/peer/**'],
          pool: 'threads',
          isolate: false,
        },
      },
      { test: { ...shared, name: 'cli', include: ['test/cli/**/*.test.ts'], pool: 'forks', globalSetup: ['test/cli/build.ts'] } },
    ],
  },
});
