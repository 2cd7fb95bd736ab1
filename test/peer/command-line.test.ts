import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PROGRAM } from '../cli/run.ts';
import { DEVIATIONS } from './command-line-deviations.ts';

const QEMU = process.env['VMATTACH_QEMU'] ?? 'qemu-system-x86_64';
/** By Node, so that vmattach itself reads what the launcher would hand over unread. */
const OURS = [process.execPath, PROGRAM];
const LINES = path.join(import.meta.dirname, 'command-lines');

/** Added to every line, so that a machine that starts needs no display and ends by itself; a line that ends in `...` goes without. */
const COMMON = ['-nodefaults', '-display', 'none', '-S', '-qmp', 'stdio'];
const QUIT = '{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n';
const WITHOUT_COMMON = ' ...';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-peer-'));
// What lines with -readconfig name.
cpSync(path.join(import.meta.dirname, 'config'), folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

/** What a program says about a command line; its own name is left out. */
interface Verdict {
  readonly status: number | string | null;
  readonly error: string | undefined;
  readonly warnings: readonly string[];
}

// QEMU keeps its name in the process that vmattach became.
const MESSAGE = /^(?:vmattach|qemu-system-x86_64):(?: |(?=\S+:\d+: ))(.*)/;
const WARNING = /(?:^|: )warning: /;

const verdict = (status: Verdict['status'], stderr: string): Verdict => {
  const messages = stderr.split('\n').flatMap((line) => MESSAGE.exec(line)?.[1] ?? []);
  return {
    status,
    error: messages.find((message) => !WARNING.test(message)),
    warnings: messages.filter((message) => WARNING.test(message)),
  };
};

const judge = ([file = '', ...before]: readonly string[], line: string): Promise<Verdict> =>
  new Promise((resolve) => {
    const own = line.endsWith(WITHOUT_COMMON) ? line.slice(0, -WITHOUT_COMMON.length) : line;
    const args = [...before, ...own.split(' '), ...(own === line ? COMMON : [])];
    const options = { cwd: folder, env: { PATH: process.env['PATH'] }, timeout: 15_000 };
    const child = execFile(file, args, options, (error, _stdout, stderr) =>
      resolve(verdict(error === null ? 0 : (error.code ?? error.signal ?? null), stderr)),
    );
    child.stdin?.on('error', () => undefined).write(QUIT);
  });

/** Blanks separate words; there are no quotes, so that JSON is as it is. */
const linesOf = (file: string): string[] =>
  readFileSync(path.join(LINES, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

const files = readdirSync(LINES);
const all = files.flatMap(linesOf);

describe.each(files)('%s: vmattach and QEMU agree on status, first error and warnings', (file) => {
  test.concurrent.each(linesOf(file))('%s', async (line) => {
    const [qemu, ours] = await Promise.all([judge([QEMU], line), judge(OURS, line)]);
    const deviation = DEVIATIONS.get(line);
    if (deviation === undefined) {
      expect(ours).toEqual(qemu);
    } else {
      expect({ status: ours.status, error: ours.error }).toEqual(deviation);
      expect(ours).not.toEqual(qemu);
    }
  });
});

test('every deviation is about a line that is there, and there are few', () => {
  expect([...DEVIATIONS.keys()].filter((line) => !all.includes(line))).toEqual([]);
  expect(all.length).toBeGreaterThan(700);
  expect(DEVIATIONS.size).toBeLessThan(all.length / 20);
});
