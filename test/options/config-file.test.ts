import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfigFile } from '../../src/options/config-file.ts';
import { onlyProblems, problemOf } from './problem-of.ts';

const parse = (text: string) => parseConfigFile(text).map(({ group, values, line }) => [group, Object.fromEntries(values), line]);

describe('sections', () => {
  test.each([
    ['[machine]\n  type = "q35"\n', [['machine', { type: 'q35' }, 2]]],
    [
      '[device "gpu"]\n driver = "vfio-pci"\n\n# a comment\n host = "01:00.0"',
      [['device', { id: 'gpu', driver: 'vfio-pci', host: '01:00.0' }, 5]],
    ],
    [
      '[device "a"]\n[device "b"]\n x = "1"\n',
      [
        ['device', { id: 'a' }, 1],
        ['device', { id: 'b', x: '1' }, 3],
      ],
    ],
    ['[device "a"\n driver = "x"\n', [['device', { id: 'a', driver: 'x' }, 2]]],
    ['[device]\n driver = vfio-pci\n', [['device', { driver: '' }, 2]]],
    ['[device]\n driver = ""\n', [['device', { driver: '' }, 2]]],
    ['[device]\n a = "1"\n a = "2"\n', [['device', { a: '2' }, 3]]],
    ['[device "a b"]\n', [['device', { id: 'a b' }, 1]]],
    ['', []],
    ['# nothing\n\n', []],
  ])('%j', (text, sections) => {
    expect(parse(text)).toEqual(sections);
  });
});

describe('what is none', () => {
  test.each([
    ['foo = "x"\n', 'no group defined'],
    ['[device "a"]\n   \n', 'parse error'],
    ['\t\n', 'parse error'],
    ['[\n', 'no group defined'],
  ])('%j', (text, message) => {
    expect(problemOf(() => parseConfigFile(text)).message).toBe(message);
  });
});

test('any text gives sections or a problem', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('[', ']', '"', 'a', ' ', '=', '\n', '#') }), (text) => {
      onlyProblems(() => parseConfigFile(text));
    }),
  );
});
