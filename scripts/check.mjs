/** Everything that is checked without running the program: types, lint, format, unused code, generated files. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const BIN = path.join(ROOT, 'node_modules', '.bin');

const CHECKS = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check', '.'] },
  { name: 'unused code', command: ['knip'] },
  { name: 'generated validators', command: ['tsx', 'scripts/generate-validators.ts', '--check'] },
  { name: 'generated error pages', command: ['tsx', 'scripts/generate-error-docs.ts', '--check'] },
  { name: 'generated manual', command: ['tsx', 'scripts/generate-man.ts', '--check'] },
  { name: 'published schemas', command: ['tsx', 'scripts/generate-schemas.ts', '--check'] },
];

const failed = CHECKS.filter(({ name, command: [tool = '', ...args] }) => {
  const { status, stdout, stderr } = spawnSync(path.join(BIN, tool), args, { cwd: ROOT, encoding: 'utf8' });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  if (status !== 0) {
    console.log(`${stdout}${stderr}`);
  }
  return status !== 0;
});
process.exitCode = failed.length === 0 ? 0 : 1;
