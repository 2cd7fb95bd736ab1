import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const profile = process.env['VMATTACH_GUEST_PROFILE'];
if (profile === undefined)
  throw new Error('VMATTACH_GUEST_PROFILE is not set: these tests run in the test guest (npm run test:kernel)');

/** The tests of one boot profile. All share one host's devices, so they run one after another. */
export default defineConfig({
  cacheDir: join(tmpdir(), 'vite'),
  test: {
    name: profile,
    include: [`test/kernel/${profile}/**/*.test.ts`],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
