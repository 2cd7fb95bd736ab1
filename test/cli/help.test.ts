import { describe, expect, test } from 'vitest';
import { OWN_OPTIONS } from '../../src/cli/own-options.ts';
import { DEVICE_TYPES } from '../../src/devices/device-types.ts';
import { OBJECT_TYPES } from '../../src/objects/object-types.ts';
import { version } from '../../package.json';
import { run } from './run.ts';

/** Help goes to standard output and is no failure. */
const helpOf = async (args: readonly string[]): Promise<string> => {
  const { stdout, stderr, status } = await run(args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
};

const propertyNames = (text: string): string[] => [...text.matchAll(/^ {2}([^\s=]+)=</gm)].map(([, name = '']) => name);

describe('the usage', () => {
  test.each(['-h', '--h', '-help', '--help'])('%s prints it, whatever stands around it', async (word) => {
    const usage = await helpOf(['-machine', 'bare', word]);
    expect(usage).toBe(await helpOf([word]));
    expect(usage).toMatch(/^usage: vmattach /);
  });

  test('has every option of our own once', async () => {
    const usage = await helpOf(['--help']);
    const shown = [...usage.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name);
    expect(shown).toEqual(OWN_OPTIONS.map(({ name }) => name));
  });
});

test.each(['plan', 'doctor'])('%s --help is about that subcommand, and has its options', async (name) => {
  const usage = await helpOf([name, '--help']);
  expect(usage).toMatch(new RegExp(`^usage: vmattach ${name} `));
  expect(usage).toContain('--host-model');
  expect(usage).not.toContain('--dry-run');
});

test('no line of the usage is longer than a wide terminal', async () => {
  const lines = (await helpOf(['--help'])).split('\n');
  expect(lines.filter((line) => line.length > 120)).toEqual([]);
});

test.each(['-version', '--version'])('%s prints the version', async (word) => {
  expect(await helpOf([word])).toBe(`vmattach ${version}\n`);
});

describe('the help of a type lists every property once, sorted', () => {
  test.each(['bare,help', 'bare,?', 'help,type=bare', 'bare,memory-backend=ram0,help'])('-machine %s', async (value) => {
    const text = await helpOf(['-machine', value]);
    expect(text.split('\n')[0]).toBe('bare-machine options:');
    expect(propertyNames(text)).toEqual(['boot', 'memory-backend', 'memory', 'smp']);
  });

  const objects = OBJECT_TYPES.map((type) => ({ option: '-object', type }));
  const devices = DEVICE_TYPES.map((type) => ({ option: '-device', type }));
  test.each([...objects, ...devices])('$option $type.name,help', async ({ option, type: { name, properties } }) => {
    const text = await helpOf([option, `${name},help`]);
    expect(text.split('\n')[0]).toBe(`${name} options:`);
    expect(propertyNames(text).toSorted()).toEqual(properties.map((property) => property.name).toSorted());
    const lines = text.trimEnd().split('\n').slice(1);
    expect(lines).toEqual(lines.toSorted());
  });

  test.each([
    ['-object', 'iommufd,?'],
    ['-object', 'iommufd,id=a,help'],
    ['-object', 'qom-type=iommufd,help=on'],
    ['-device', 'vfio-pci,?'],
    ['-device', 'vfio-pci,host=01:00.0,help'],
  ])('%s %s asks for it as well', async (option, value) => {
    const [type = ''] = value.replace('qom-type=', '').split(',');
    expect(await helpOf([option, value])).toBe(await helpOf([option, `${type},help`]));
  });
});

describe('the lists of types', () => {
  test.each(['help', '?'])('-object %s names every type once', async (word) => {
    const lines = (await helpOf(['-object', word])).trimEnd().split('\n');
    expect(lines[0]).toBe('List of user creatable objects:');
    expect(lines.slice(1)).toEqual(lines.slice(1).toSorted());
    expect(new Set(lines).size).toBe(lines.length);
    for (const { name } of OBJECT_TYPES) expect(lines).toContain(`  ${name}`);
  });

  test.each(['help', '?'])('-device %s names every type once', async (word) => {
    const names = [...(await helpOf(['-device', word])).matchAll(/^name "([^"]+)", bus /gm)].map(([, name]) => name);
    expect(names).toEqual(DEVICE_TYPES.map(({ name }) => name));
  });

  test.each(['help', '?', 'type=help'])('-machine %s names the built-in machine', async (word) => {
    expect(await helpOf(['-machine', word])).toMatch(/^Supported machines are:\nbare {16} /);
    expect(await helpOf(['-M', word])).toBe(await helpOf(['-machine', word]));
  });
});

describe('as QEMU does', () => {
  test.each([
    ['-add-fd', 'help', 'add-fd options:\n  fd=<num>'],
    ['-overcommit', 'help', 'overcommit options:\n'],
    ['-m', '64,help', 'memory options:\n'],
    ['-smp', 'help', 'smp-opts options:\n'],
    ['-boot', 'strict=on,?', 'boot-opts options:\n'],
  ])('%s %s prints the parameters; it fails unless keyval reads the argument', async (option, value, begin) => {
    const { status, stdout, stderr } = await run([option, value]);
    expect({ status, stderr }).toEqual({ status: option === '-smp' || option === '-boot' ? 0 : 1, stderr: '' });
    expect(stdout.startsWith(begin)).toBe(true);
  });

  test('help on a device that does not exist is an error with exit status 0', async () => {
    expect(await run(['-device', 'nosuch,help'])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: "vmattach: -device nosuch,help: Device 'nosuch' not found\n",
    });
  });

  test('an option that is malformed before its request for help is refused where it stands', async () => {
    const { status, stderr } = await run(['-object', 'iommufd,id=1,help']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^vmattach: -object iommufd,id=1,help: Parameter 'id' expects an identifier\n/);
  });
});
