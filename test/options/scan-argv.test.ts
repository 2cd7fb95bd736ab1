import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QEMU_OPTIONS } from '../../src/options/qemu-options-table.ts';
import { takesArgument } from '../../src/options/qemu-option.ts';
import { checkTarget, scanArgv, type OwnOption } from '../../src/options/scan-argv.ts';
import { suggest } from '../../src/options/suggest.ts';
import { onlyProblems, problemOf } from './problem-of.ts';

const OWN: readonly OwnOption[] = [{ name: 'dry-run' }, { name: 'format', metavar: 'FORMAT' }];

const scan = (...argv: string[]) => scanArgv(argv, OWN);
const optionsOf = (...argv: string[]) => scan(...argv).options.map(({ name, value, location }) => [name, value, location]);

describe('scanArgv reads', () => {
  test('options with one or two dashes, and echoes them as typed', () => {
    expect(optionsOf('-object', 'iommufd,id=i0', '--device', '{"driver":"x"}', '-S')).toStrictEqual([
      ['object', 'iommufd,id=i0', '-object iommufd,id=i0'],
      ['device', '{"driver":"x"}', '--device {"driver":"x"}'],
      ['S', undefined, '-S'],
    ]);
  });

  test('an argument whatever it looks like', () => {
    expect(optionsOf('-object', '-nodefaults', '-append', '--', '-m', '')).toStrictEqual([
      ['object', '-nodefaults', '-object -nodefaults'],
      ['append', '--', '-append --'],
      ['m', '', '-m '],
    ]);
  });

  test('our own options in both forms', () => {
    expect(optionsOf('--dry-run', '--format=a=b', '--format', 'json', '--format=')).toStrictEqual([
      ['dry-run', undefined, '--dry-run'],
      ['format', 'a=b', '--format=a=b'],
      ['format', 'json', '--format json'],
      ['format', '', '--format='],
    ]);
  });

  test('words without a dash as images, with their places', () => {
    const { images, options } = scan('a.img', '-S', '', '-m', '1', 'b.img');
    expect(images).toStrictEqual([
      { path: 'a.img', index: 0 },
      { path: '', index: 2 },
      { path: 'b.img', index: 5 },
    ]);
    expect(options.map(({ index }) => index)).toStrictEqual([1, 3]);
  });

  test('QEMU\u2019s row with the option, none with our own', () => {
    expect(scan('-device', 'x', '--dry-run').options.map(({ qemu }) => qemu?.group)).toStrictEqual(['device', undefined]);
  });
});

describe('scanArgv refuses', () => {
  test.each([
    ['-nosuchopt', undefined],
    ['---object', '-object'],
    ['-', undefined],
    ['--', undefined],
    ['-devcie', '-device'],
    ['--devcie', '-device'],
    ['-machine=q35', '-machine q35'],
    ['-dry-run', '--dry-run'],
    ['-format=json', '--format=json'],
    ['--dry-rnu', '--dry-run'],
    ['-m1G', undefined],
    ['-Device', '-device'],
    ['-sS', undefined],
  ])('%s, and hints at %s', (word, meant) => {
    expect(problemOf(() => scan('-S', word, 'x'))).toMatchObject({
      code: 'OPTION_UNKNOWN',
      message: 'invalid option',
      location: word,
      fixes: meant === undefined ? undefined : [`did you mean ${meant}`],
    });
  });

  test.each([
    ['-object', 'OPTION_ARGUMENT_MISSING', 'requires an argument'],
    ['--format', 'OPTION_ARGUMENT_MISSING', 'requires an argument'],
    ['--dry-run=1', 'SYNTAX', 'takes no argument'],
  ])('%s', (word, code, message) => {
    expect(problemOf(() => scan('-S', word))).toMatchObject({ code, message, location: word });
  });

  test.each([
    ['a\0b', 'argument 2 of the command line contains a NUL byte'],
    ['\uFFFD', 'argument 2 of the command line is not valid UTF-8'],
  ])('words that cannot be what was typed: %j', (word, message) => {
    expect(problemOf(() => scan('-name', word)).message).toBe(message);
  });

  test('options of other targets, when their turn comes', () => {
    const [option] = scan('-prom-env', 'a=b').options;
    if (option === undefined) throw new Error('no option was found');
    expect(problemOf(() => checkTarget(option, 'i386'))).toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      message: 'Option not supported for this target',
      location: '-prom-env a=b',
    });
    expect(() => checkTarget(option, 'ppc')).not.toThrow();
  });
});

describe('the table of options', () => {
  test('names are unique and can be typed', () => {
    const names = QEMU_OPTIONS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[A-Za-z][A-Za-z0-9_-]*$/.test(name))).toStrictEqual([]);
  });

  test('an option has the name of an argument exactly when it takes one', () => {
    expect(QEMU_OPTIONS.filter((option) => takesArgument(option) !== (option.metavar !== undefined))).toStrictEqual([]);
  });

  test('every QemuOpts option names its group', () => {
    expect(QEMU_OPTIONS.filter(({ grammar, group }) => grammar.endsWith('qemuopts') && group === undefined)).toStrictEqual([]);
  });

  test.each(QEMU_OPTIONS.map((option) => [option.name, option] as const))('-%s is read with its arity', (name, option) => {
    const words = takesArgument(option) ? [`-${name}`, '-x'] : [`-${name}`];
    expect(optionsOf(...words)).toStrictEqual([[name, takesArgument(option) ? '-x' : undefined, words.join(' ')]]);
  });

  test.each(['enable-kvm', 'hda', 'M', 'h', 'help', 'version', 'drive', 'run-with', 'qtest', 'shim'])('knows -%s', (name) => {
    expect(QEMU_OPTIONS.some((option) => option.name === name)).toBe(true);
  });

  test.each(['no-hpet', 'no-acpi', 'runas', 'chroot', 'async-teardown', 'singlestep', 'sdl', 'realtime'])(
    'does not know -%s, which QEMU 10 has dropped',
    (name) => {
      expect(QEMU_OPTIONS.some((option) => option.name === name)).toBe(false);
    },
  );
});

describe('suggest', () => {
  test.each([
    ['devcie', 'device'],
    ['objekt', 'object'],
    ['machin', 'machine'],
    ['xyzzy', undefined],
    ['d', undefined],
    ['', undefined],
    ['device'.repeat(10), undefined],
  ])('%j: %j', (word, wanted) => {
    expect(suggest(word, ['device', 'object', 'machine', 'd2'])).toBe(wanted);
  });
});

describe('scanArgv on any command line', () => {
  test('it fails with a typed problem only', () => {
    const word = fc.oneof(
      fc.constantFrom('-S', '-device', '--object', '--dry-run', '--format', '-', '--', '---', 'a', '', '--format=x', '-x=y'),
      fc.string(),
    );
    fc.assert(fc.property(fc.array(word), (argv) => onlyProblems(() => scanArgv(argv, OWN))));
  });

  test('the words come back in order', () => {
    const words = fc.constantFrom(['-S'], ['-m', '1G'], ['--object', '-x'], ['disk.img'], ['--format=json'], ['--format', '']);
    fc.assert(
      fc.property(fc.array(words), (groups) => {
        const { options, images } = scan(...groups.flat());
        const parts = [
          ...options.map(({ index, location }) => [index, location] as const),
          ...images.map(({ index, path }) => [index, path] as const),
        ];
        expect(parts.toSorted(([a], [b]) => a - b).map(([, text]) => text)).toStrictEqual(groups.map((group) => group.join(' ')));
      }),
    );
  });
});
