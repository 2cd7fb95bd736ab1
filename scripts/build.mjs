/**
 * Bundles src/ into dist/main.cjs, one file that starts fast, and stores V8's compiled code beside it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDER = path.join(ROOT, 'dist');

/** commander loads node:child_process at once, for executable subcommands that vmattach does not have; it costs 1.4 ms of each start. */
const lazyChildProcess = {
  name: 'lazy-child-process',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('node_modules/commander') ? { path: 'child_process', namespace: 'lazy' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lazy' }, () => ({
      contents: 'module.exports = { get spawn() { return process.getBuiltinModule("node:child_process").spawn; } };',
    }));
  },
};

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);

await build({
  entryPoints: [path.join(ROOT, 'src', 'cli', 'main.ts')],
  outdir: FOLDER,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  // Native code, the logger and Graphviz are loaded when they are needed, from node_modules.
  external: ['@viz-js/viz', 'koffi', 'pino'],
  define: { 'import.meta.url': '__filename' },
  plugins: [lazyChildProcess],
  charset: 'ascii',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
});

/** Functions that ran are stored compiled, so a cache is written by a process that has done its kind of launch once. */
for (const profile of ['plan', 'bare', 'engine']) {
  const store = path.join(ROOT, 'scripts', 'store-code-cache.cjs');
  const { status, stderr } = spawnSync(process.execPath, [store, FOLDER, profile], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) {
    console.error(`the code cache could not be written:\n${stderr}`);
    process.exitCode = 1;
  }
}
