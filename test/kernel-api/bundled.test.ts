import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Inside the project, because the bundle looks for koffi from where it lies. */
const folder = join(import.meta.dirname, '../../node_modules/.cache/vmattach-test');
const bundle = join(folder, `linux-kernel-${process.pid}.cjs`);

interface Answer {
  readonly loadedBefore: readonly string[];
  readonly loaded: readonly string[];
  readonly threads: number;
  readonly fds: number;
}

describe('the linux kernel in a CommonJS bundle', () => {
  let warnings: readonly string[] = [];
  let answer: Answer | undefined;

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    const built = await build({
      entryPoints: [join(import.meta.dirname, 'bundled-program.ts')],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      define: { 'import.meta.url': '__filename' },
      logLevel: 'silent',
    });
    warnings = built.warnings.map(({ text }) => text);
    answer = JSON.parse(
      execFileSync(process.execPath, [bundle], { encoding: 'utf8', env: { ...process.env, UV_THREADPOOL_SIZE: '' } }),
    );
  });
  afterAll(() => rmSync(bundle, { force: true }));

  test('builds without a warning, with import.meta.url replaced', () => {
    expect(warnings).toEqual([]);
  });

  test('loads no native code before a kernel is made, and then the addon alone', () => {
    expect(answer?.loadedBefore).toEqual([]);
    expect(answer?.loaded.map((path) => path.replace(/.*node_modules\//, ''))).toEqual([
      `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
    ]);
  });

  test('gets the threads that were asked for before the first call', () => {
    expect(answer?.threads).toBe(12);
  });

  test('leaves no fd open after calls that succeed and fail', () => {
    expect(answer?.fds).toBe(0);
  });
});
