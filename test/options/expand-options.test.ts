import { describe, expect, test } from 'vitest';
import { expandOptions } from '../../src/options/expand-options.ts';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { problemOf } from './problem-of.ts';

const expand = (argv: readonly string[], files: Readonly<Record<string, string>> = {}) =>
  expandOptions(scanArgv(argv).options, (file) => files[file] ?? '').map(({ name, value, location }) => [name, value, location]);

const CONFIG = '[memory]\n size = "1G"\n[device "d0"]\n driver = "vfio-pci"\n romfile = "a,b"\n';

describe('-readconfig', () => {
  test('its sections are options behind it, at their line of the file', () => {
    expect(expand(['-S', '-readconfig', 'c', '-nodefaults'], { c: CONFIG })).toEqual([
      ['S', undefined, '-S'],
      ['readconfig', 'c', '-readconfig c'],
      ['m', 'size=1G', ':c:2'],
      ['device', 'id=d0,driver=vfio-pci,romfile=a,,b', ':c:5'],
      ['nodefaults', undefined, '-nodefaults'],
    ]);
  });

  test('a file that is passed over adds nothing', () => {
    const { options } = scanArgv(['-readconfig', 'c', '-S']);
    expect(expandOptions(options, () => undefined)).toEqual(options);
  });

  test('a group that QEMU does not have is refused', () => {
    expect(problemOf(() => expand(['-readconfig', 'c'], { c: '[bogus]\n' }))).toMatchObject({
      message: "There is no option group 'bogus'",
      location: '-readconfig c',
    });
  });
});

describe('what QEMU refuses of a section while it reads the file is located at the option', () => {
  test.each([
    ['[device "1x"]\n driver = "vfio-pci"\n', "Parameter 'id' expects an identifier"],
    ['[device "d"]\n[device "d"]\n', "Duplicate ID 'd' for device"],
    ['[device "before"]\n', "Duplicate ID 'before' for device"],
    ['[memory]\n size = "x"\n', "Parameter 'size' expects a non-negative number below 2^64"],
    ['[name]\n bogus = "1"\n', "Invalid parameter 'bogus'"],
  ])('%j: %s', (text, message) => {
    const argv = ['-device', 'vfio-pci,id=before', '-readconfig', 'c'];
    expect(problemOf(() => expand(argv, { c: text }))).toMatchObject({ message, location: '-readconfig c' });
  });
});

describe('-set', () => {
  test('adds to the item before it, which keeps its text for messages', () => {
    const [device] = expand(['-device', 'vfio-pci,id=a', '-set', 'device.a.romfile=x,y', '-set', 'device.a.host=1:0.0']);
    expect(device).toEqual(['device', 'vfio-pci,id=a,romfile=x,,y,host=1:0.0', '-device vfio-pci,id=a']);
  });

  test('reaches what a configuration file says', () => {
    const options = expand(['-readconfig', 'c', '-set', 'device.d0.host=1:0.0'], { c: CONFIG });
    expect(options[2]?.[1]).toBe('id=d0,driver=vfio-pci,romfile=a,,b,host=1:0.0');
  });

  test.each([
    ['foo', 'can\'t parse: "foo"'],
    ['device.a=1', 'can\'t parse: "device.a=1"'],
    ['object.a.b=c', '-set is not supported with object'],
    ['machine.a.b=c', '-set is not supported with machine'],
    ['bogus.a.b=c', "There is no option group 'bogus'"],
    ['device.x.y=z', 'there is no device "x" defined'],
    ['device.later.y=z', 'there is no device "later" defined'],
    ['device.json.y=z', 'there is no device "json" defined'],
  ])('%s: %s', (argument, message) => {
    const argv = ['-device', '{"driver":"vfio-pci","id":"json"}', '-set', argument, '-device', 'vfio-pci,id=later'];
    expect(problemOf(() => expand(argv))).toMatchObject({ message, location: `-set ${argument}` });
  });
});
