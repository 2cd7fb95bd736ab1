import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linuxAccounts } from '../../src/kernel/linux/accounts.ts';

describe('accounts', () => {
  const accounts = linuxAccounts();
  const { uid, gid, username } = userInfo();

  test('by name and by number', () => {
    expect(accounts.user(username)).toMatchObject({ name: username, uid, gid });
    expect(accounts.user(uid)).toMatchObject({ name: username, uid });
    expect(accounts.group(gid)?.gid).toBe(gid);
  });

  test('that are in the files of this system are all found, with all their groups', () => {
    const rows = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter((row) => row.length === 4);
    for (const [name = '', , number] of rows) expect(accounts.group(name)).toEqual({ name, gid: Number(number) });
    const own = rows.filter(([, , , members = '']) => members.split(',').includes(username)).map(([, , number]) => Number(number));
    const user = accounts.user(username);
    expect(user).toBeDefined();
    if (user !== undefined) expect(accounts.groupsOf(user)).toEqual(expect.arrayContaining([gid, ...own]));
  });

  test('that are none', () => {
    expect(accounts.user('no such user')).toBeUndefined();
    expect(accounts.user(0xffff_fff0)).toBeUndefined();
    expect(accounts.group('no such group')).toBeUndefined();
  });
});

/** Inside the project, because the bundle looks for koffi from where it lies. */
const folder = path.join(import.meta.dirname, '../../node_modules/.cache/vmattach-test');
const bundle = path.join(folder, `privileges-${process.pid}.cjs`);

interface Answer {
  readonly main: Readonly<Record<string, string>>;
  readonly threads: readonly Readonly<Record<string, string>>[];
  readonly limit: readonly string[];
  readonly back: string;
  readonly raise: string;
}

const NOTHING = '0000000000000000';

describe.runIf(process.getuid?.() === 0)('a process of root that becomes a user', () => {
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    await build({
      entryPoints: [path.join(import.meta.dirname, 'privileges-program.ts')],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      define: { 'import.meta.url': '__filename' },
    });
  });
  afterAll(() => rmSync(bundle, { force: true }));

  const run = (...words: string[]): Answer => JSON.parse(execFileSync(process.execPath, [bundle, ...words], { encoding: 'utf8' }));

  test('has its ids and groups in all threads, no capability, and no way back', () => {
    const { main, threads, limit, back, raise } = run();
    expect(threads.length).toBeGreaterThan(4);
    for (const thread of threads) {
      expect(thread).toMatchObject({ Uid: '4001 4001 4001 4001', Gid: '4002 4002 4002 4002', Groups: '4003' });
      expect(thread).toMatchObject({ CapEff: NOTHING, CapPrm: NOTHING, CapAmb: NOTHING });
    }
    expect(main).toMatchObject({ CapInh: NOTHING, CapBnd: NOTHING, NoNewPrivs: '1' });
    expect({ limit, back, raise }).toEqual({ limit: ['65536', '131072'], back: 'EPERM', raise: 'EPERM' });
  });

  test('may start programs that gain privileges if a helper has to', () => {
    const { main } = run('helpers');
    expect(main).toMatchObject({ CapEff: NOTHING, CapPrm: NOTHING, CapInh: NOTHING, NoNewPrivs: '0' });
    expect(main['CapBnd']).not.toBe(NOTHING);
  });
});
