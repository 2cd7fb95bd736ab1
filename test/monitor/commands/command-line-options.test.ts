import { expect, test } from 'vitest';
import type { CommandContext } from '../../../src/monitor/command-table.ts';
import { COMMAND_LINE_COMMANDS } from '../../../src/monitor/commands/command-line-options.ts';
import type { JsonValue } from '../../../src/options/json-value.ts';

const query = (given: readonly (readonly [string, JsonValue])[]) =>
  COMMAND_LINE_COMMANDS[0]?.run({} as CommandContext, new Map(given));

test('what -machine bare takes', () => {
  const names = ['boot', 'memory', 'memory-backend', 'smp'];
  expect(query([['option', 'machine']])).toEqual([
    { option: 'machine', parameters: names.map((name) => ({ name, help: expect.any(String), type: 'string' })) },
  ]);
});

test('a group with a list of parameters, from the last to the first', () => {
  expect(query([['option', 'add-fd']])).toMatchObject([
    { option: 'add-fd', parameters: [{ name: 'opaque' }, { name: 'set', type: 'number' }, { name: 'fd' }] },
  ]);
});

test('each group once', () => {
  const found = query([]) as readonly { readonly option: string }[];
  const groups = found.map(({ option }) => option);
  expect(groups).toContain('device');
  expect(new Set(groups).size).toBe(groups.length);
});

test('no group of that name', () => {
  expect(() => query([['option', 'nosuch']])).toThrow('invalid option name: nosuch');
});
