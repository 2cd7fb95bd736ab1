import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { ROOT, run, runShell } from './run.ts';

const EXAMPLES = path.join(ROOT, 'examples', 'hosts');
const LAUNCH = ['-machine', 'bare', '-m', '1G', '-device', 'vfio-pci,host=06:00.0'];

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-fleet-'));
const hosts = path.join(folder, 'hosts');
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  mkdirSync(hosts);
  for (const name of readdirSync(EXAMPLES)) copyFileSync(path.join(EXAMPLES, name), path.join(hosts, name));
  writeFileSync(path.join(hosts, 'broken.json'), '{"schema":"vmattach.host/1"}');
  writeFileSync(path.join(hosts, 'empty.json'), '');
  writeFileSync(path.join(hosts, 'notes.txt'), 'not a model');
  symlinkSync('/nonexistent', path.join(hosts, 'gone.json'));
  mkdirSync(path.join(hosts, 'folder.json'));
  await runShell(`mkfifo ${path.join(hosts, 'pipe.json')}`);
});

const answers = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { host, ok, problems }: { host: string; ok: boolean; problems: { code: string }[] } = JSON.parse(line);
      return [host, ok, problems[0]?.code];
    });

describe('plan on a folder of host models', () => {
  test('answers for each .json by name, one JSON object a line, whatever is wrong with a file', async () => {
    const { status, stdout, stderr } = await run(['plan', '--host-model', hosts, '--format', 'json', ...LAUNCH]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(answers(stdout)).toEqual([
      ['broken', false, 'HOST_MODEL'],
      ['empty', false, 'HOST_MODEL'],
      ['folder', false, 'FILE'],
      ['gone', false, 'FILE'],
      ['no-iommu', false, expect.any(String)],
      ['pipe', false, 'FILE'],
      ['sriov-server', false, 'NO_SUCH_DEVICE'],
      ['stock-debian', false, 'NOT_BOUND'],
      ['unprepared', false, expect.any(String)],
      ['workstation', true, undefined],
    ]);
  });

  test('prints a table with one line for each and a summary', async () => {
    const { status, stdout } = await run(['plan', '--host-model', `${hosts}/`, ...LAUNCH]);
    const lines = stdout.trimEnd().split('\n');
    expect(status).toBe(0);
    expect(lines).toHaveLength(12);
    expect(lines[0]).toMatch(/^host +runs +backends +memlock +attach +first problem$/);
    expect(lines.at(-1)).toMatch(/^1 of 10 hosts can run this launch; others: /);
  });

  test('--dry-run is the same', async () => {
    const [planned, dry] = await Promise.all([
      run(['plan', '--host-model', hosts, ...LAUNCH]),
      run(['--dry-run', '--host-model', hosts, ...LAUNCH]),
    ]);
    expect(dry).toEqual(planned);
  });

  test('ends with 1 when no host can run the launch', async () => {
    const { status, stdout } = await run(['plan', '--host-model', hosts, '-machine', 'bare', '-device', 'vfio-pci,host=ff:1f.7']);
    expect(status).toBe(1);
    expect(stdout).toContain('\n0 of 10 hosts can run this launch');
  });

  test('ends early and quietly when nobody reads on', async () => {
    const many = path.join(folder, 'many');
    mkdirSync(many);
    for (let index = 0; index < 3000; index += 1)
      symlinkSync(path.join(EXAMPLES, 'sriov-server.json'), path.join(many, `h${index}.json`));
    const { stdout, stderr } = await runShell(`"$VMATTACH" plan --host-model ${many} ${LAUNCH.join(' ')} | head -1`);
    expect([stdout.split('\n').length, stderr]).toEqual([2, '']);
  });
});

describe('a folder of host models', () => {
  test('is refused where one host is needed', async () => {
    const outcome = await run(['--check', '--host-model', hosts, ...LAUNCH]);
    expectClearError(outcome, `--host-model ${hosts}: this is a folder, and one host is needed`);
    expect(outcome.stderr).toContain(`fix: vmattach plan --host-model ${hosts} with the same options`);
  });

  test('without models is refused', async () => {
    const empty = path.join(folder, 'nothing');
    mkdirSync(empty);
    expectClearError(await run(['plan', '--host-model', empty, ...LAUNCH]), `--host-model ${empty}: no host models in this folder`);
  });

  test('cannot be drawn', async () => {
    const outcome = await run(['plan', '--host-model', hosts, '--format', 'dot', ...LAUNCH]);
    expectClearError(outcome, '--format dot: this format shows one plan, and --host-model names a folder');
  });
});
