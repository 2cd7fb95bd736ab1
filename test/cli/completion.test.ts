import { describe, expect, test } from 'vitest';
import { OWN_OPTIONS } from '../../src/cli/own-options.ts';
import { SUBCOMMANDS } from '../../src/cli/subcommands.ts';
import { QEMU_OPTIONS } from '../../src/options/qemu-options-table.ts';
import { expectClearError } from './expect-error.ts';
import { run, runShell } from './run.ts';

/** What bash offers where the last of the words is being typed. */
const completed = async (...words: readonly string[]): Promise<string[]> => {
  const list = ['vmattach', ...words].map((word) => `'${word}'`).join(' ');
  const { stdout, stderr } = await runShell(
    `source <("$VMATTACH" completion bash); COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _vmattach; printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
};

describe('bash completes', () => {
  test('subcommands', async () => {
    expect(await completed('')).toEqual(SUBCOMMANDS.map(({ name }) => name));
    expect(await completed('un')).toEqual(['unbind']);
  });

  test('every option of a launch, with and without plan before it', async () => {
    const all = [...OWN_OPTIONS.map(({ name }) => `--${name}`), ...QEMU_OPTIONS.map(({ name }) => `-${name}`)];
    expect(await completed('-')).toEqual(all);
    expect(await completed('plan', '-m')).toEqual(all.filter((word) => word.startsWith('-m')));
  });

  test('what an option takes, under one dash and two', async () => {
    expect(await completed('--default-backend', 'pre')).toEqual(['prefer-iommufd']);
    expect(await completed('-machine', 'b')).toEqual(['bare']);
    expect(await completed('--object', 'iommuf')).toEqual(['iommufd,id=']);
    expect(await completed('-device', 'vfio-ia')).toEqual([]);
    expect(await completed('-device', 'vfio-io')).toEqual(['vfio-iommu-pci,']);
  });

  test('the words of a subcommand, and no others', async () => {
    expect(await completed('completion', 'z')).toEqual(['zsh']);
    expect(await completed('devices', '--')).toEqual(['--host-model', '--format', '--all', '--help']);
    expect(await completed('devices', '--format', '')).toEqual(['text', 'json']);
    expect(await completed('record', '-m')).toEqual([]);
  });

  test('files, by itself, where a file is wanted', async () => {
    expect(await completed('--host-model', 'exa')).toEqual([]);
    expect((await run(['completion', 'bash'])).stdout).toContain('complete -o default -F _vmattach vmattach');
  });
});

test('zsh runs the same, and fish has a line for each option', async () => {
  const { stdout: zsh } = await run(['completion', 'zsh']);
  expect(zsh).toMatch(/^#compdef vmattach\nautoload -U \+X bashcompinit && bashcompinit\n/);
  const { stdout: fish } = await run(['completion', 'fish']);
  for (const { name } of OWN_OPTIONS) expect(fish).toMatch(new RegExp(`^complete -c vmattach -n '.*' -l ${name}( |$)`, 'm'));
  for (const { name } of QEMU_OPTIONS) expect(fish).toMatch(new RegExp(`^complete -c vmattach -n '.*' -o ${name}( |$)`, 'm'));
});

test.each([['tcsh'], []])('completion %j is refused', async (...words) => {
  expectClearError(await run(['completion', ...words]), /^completion/);
});
