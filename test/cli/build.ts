import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** These tests run the built program: it is built once, before the first of them. */
export const setup = (): void => {
  const root = path.resolve(import.meta.dirname, '../..');
  const { status, stderr } = spawnSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
};
