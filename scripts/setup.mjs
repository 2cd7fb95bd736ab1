/**
 * Makes a checkout ready: installs the dependencies when they are not those of package-lock.json, and builds. Every npm script
 * that needs either begins with it, so that no other step is ever needed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const STAMP = path.join(ROOT, 'node_modules', '.vmattach-installed');
const LEAST_NODE = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
  console.error(`vmattach needs Node ${LEAST_NODE.join('.')} or later; this is ${process.versions.node}`);
  process.exit(1);
}

const lock = readFileSync(path.join(ROOT, 'package-lock.json'));
const wanted = createHash('sha256').update(lock).update(`${process.platform} ${process.arch}`).digest('hex');

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`);
    process.exit(1);
  }
};

if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== wanted) {
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']);
  writeFileSync(STAMP, wanted);
}
run(process.execPath, [path.join(ROOT, 'scripts', 'build.mjs')]);
