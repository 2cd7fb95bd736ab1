import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { VmattachError } from '../../src/errors/problem.ts';
import { engineName, findEngine, type EngineSearch } from '../../src/launch/find-engine.ts';

const root = mkdtempSync(path.join(tmpdir(), 'vmattach-engine-'));
afterAll(() => rmSync(root, { recursive: true }));

const program = (name: string): string => {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
};

const self = program('vmattach');
const installed = program('bin/qemu-system-x86_64');
const other = program('opt/my-qemu');
mkdirSync(path.join(root, 'links'));
symlinkSync(self, path.join(root, 'links/qemu-system-x86_64'));
writeFileSync(path.join(root, 'text'), '');

const search = (changed: Partial<EngineSearch> = {}): EngineSearch => ({
  option: undefined,
  environment: { PATH: path.join(root, 'bin') },
  architecture: 'x64',
  self,
  ...changed,
});

const refusal = (changed: Partial<EngineSearch>): string | undefined => {
  try {
    findEngine('q35', search(changed));
  } catch (error) {
    if (error instanceof VmattachError) return error.problem.cause;
    throw error;
  }
  return undefined;
};

describe('the engine', () => {
  test('is that of --qemu, then of VMATTACH_QEMU, then of PATH', () => {
    const environment = { PATH: path.join(root, 'bin'), VMATTACH_QEMU: other };
    expect(findEngine('q35', search({ option: self.replace(/vmattach$/, 'opt/my-qemu'), environment })).path).toBe(other);
    expect(findEngine('q35', search({ environment })).path).toBe(other);
    expect(findEngine('q35', search()).path).toBe(installed);
  });

  test('can be named without a folder', () => {
    expect(findEngine('q35', search({ option: 'qemu-system-x86_64' })).path).toBe(installed);
  });

  test('is never vmattach itself under the name of QEMU', () => {
    const PATH = [path.join(root, 'links'), path.join(root, 'bin')].join(path.delimiter);
    expect(findEngine('q35', search({ environment: { PATH } })).path).toBe(installed);
    expect(refusal({ environment: { PATH: path.join(root, 'links') } })).toMatch(/no folder of PATH has qemu-system-x86_64/);
    expect(refusal({ option: path.join(root, 'links/qemu-system-x86_64') })).toMatch(/is vmattach itself/);
  });

  test.each([
    [{ option: '/nonexistent/qemu' }, /--qemu names \/nonexistent\/qemu, which is no file that can be executed/],
    [{ option: path.join(root, 'text') }, /which is no file that can be executed/],
    [{ option: root }, /which is no file that can be executed/],
    [{ option: 'no-such-qemu' }, /no folder of PATH has such a program/],
    [{ environment: { PATH: '', VMATTACH_QEMU: '/nonexistent' } }, /VMATTACH_QEMU names \/nonexistent/],
    [{ environment: {} }, /no folder of PATH has qemu-system-x86_64/],
    [{ architecture: 'arm64' }, /no folder of PATH has qemu-system-aarch64/],
  ])('is refused when it is not there: %o', (changed, cause) => {
    expect(refusal(changed)).toMatch(cause);
  });

  test.each([
    ['x64', 'qemu-system-x86_64'],
    ['arm64', 'qemu-system-aarch64'],
    ['s390x', 'qemu-system-s390x'],
  ])('for %s is %s', (architecture, name) => {
    expect(engineName(architecture)).toBe(name);
  });
});
