/** Bundles src/ into dist/main.cjs, one file that starts fast, and stores V8's compiled code beside it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '..');
const OUTPUT = path.join(ROOT, 'dist', 'main.cjs');

mkdirSync(path.dirname(OUTPUT), { recursive: true });

await build({
  entryPoints: [path.join(ROOT, 'src', 'cli', 'main.ts')],
  outfile: OUTPUT,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  // Native code and the logger are loaded when they are needed, from node_modules.
  external: ['koffi', 'pino'],
  define: { 'import.meta.url': '__filename' },
  legalComments: 'none',
  logLevel: 'warning',
});

const { compile } = createRequire(import.meta.url)(path.join(ROOT, 'bin', 'load.cjs'));
const { script } = compile(OUTPUT);
writeFileSync(`${OUTPUT}.cache`, script.createCachedData());
