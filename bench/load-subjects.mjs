import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { build } from 'esbuild';

/** Bundles subjects.ts as the program is bundled, and loads it. */
export const loadSubjects = async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-bench-'));
  try {
    const outfile = path.join(folder, 'subjects.cjs');
    await build({
      entryPoints: [path.join(import.meta.dirname, 'subjects.ts')],
      outfile,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20.19',
      logLevel: 'warning',
    });
    return createRequire(import.meta.url)(outfile);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
