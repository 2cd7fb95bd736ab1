import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { run } from './run.ts';

const record = async (): Promise<string> => {
  const { status, stdout, stderr } = await run(['record']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
};

/** What is kept out of the record, as it would show. `name` as a whole word: `root` is also part of a port's name. */
const PRIVATE: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'a MAC address', pattern: /\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/i },
  { what: 'the name of the user', pattern: new RegExp(`"${userInfo().username}"`) },
  { what: 'the home folder', pattern: new RegExp(homedir().replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)) },
  { what: 'a home folder', pattern: /\/home\/|\/root\b/ },
  { what: 'the name of the host', pattern: new RegExp(`"${hostname()}"`) },
  { what: 'a key for a serial number', pattern: /serial|\bmac\b/i },
];

describe('vmattach record', () => {
  test('the record loads as a host model, and plans on it are the plans here', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'record-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'host.json');
    const recorded = await record();
    writeFileSync(file, recorded);
    const devices = JSON.parse(recorded).devices.map(({ address }: { address: string }) => address);
    const named = [...devices.slice(0, 2), 'ff:1f.7'].flatMap((address) => ['-device', `vfio-pci,host=${address}`]);
    const launch = ['plan', '--format', 'json', '-machine', 'bare', '-m', '64M', '-object', 'iommufd,id=i', ...named];
    const [here, there] = await Promise.all([run(launch), run([...launch, '--host-model', file])]);
    expect(there).toEqual(here);
  });

  test('is the same bytes twice', async () => {
    const steady = (text: string) => ({ ...JSON.parse(text), memory: undefined });
    const [first, second] = [await record(), await record()];
    expect(JSON.stringify(steady(second))).toBe(JSON.stringify(steady(first)));
  });

  test.each(PRIVATE)('is without $what', async ({ pattern }) => {
    expect(await record()).not.toMatch(pattern);
  });

  test('says what it leaves out', async () => {
    const { status, stdout } = await run(['record', '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain('Serial numbers');
  });

  test.each([{ args: ['file.json'] }, { args: ['--output', 'x'] }])('refuses $args', async ({ args }) => {
    expectClearError(await run(['record', ...args]));
  });
});
