import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

if (process.env['VMATTACH_LIBVIRT_SUITE'] === undefined)
  throw new Error('VMATTACH_LIBVIRT_SUITE is not set: these tests run in the test guest (npm run test:libvirt)');

/** The tests share one libvirt and one host's devices, so they run one after another. */
export default defineConfig({
  cacheDir: join(tmpdir(), 'vite'),
  test: {
    name: process.env['VMATTACH_LIBVIRT_SUITE'],
    include: ['test/libvirt/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
