import { describe, expect, it } from 'vitest';
import { selectDevices } from '../../src/binding/select-devices.ts';
import { VmattachError } from '../../src/errors/problem.ts';

const ADDRESSES = ['0000:00:1f.0', '0000:01:00.0', '0000:01:00.1', '0000:0a:00.0', '0001:01:00.0', '10000:e1:00.0'];

const select = (...words: string[]): readonly string[] => selectDevices(words, ADDRESSES, () => undefined);

describe('selectDevices', () => {
  it.each([
    ['0000:01:00.0', '0000:01:00.0'],
    ['01:00.0', '0000:01:00.0'],
    ['00:1f', '0000:00:1f.0'],
    ['0A:00', '0000:0a:00.0'],
    ['e1', '10000:e1:00.0'],
    ['0001:', '0001:01:00.0'],
    ['/sys/bus/pci/devices/0000:01:00.1', '0000:01:00.1'],
    ['/sys/bus/pci/devices/0000:01:00.1/', '0000:01:00.1'],
  ])('%s is %s', (word, address) => {
    expect(select(word)).toEqual([address]);
  });

  it('follows the links of a sysfs path', () => {
    const folder = '/sys/bus/pci/drivers/nvme/x';
    const resolve = (path: string) => (path === folder ? '/sys/devices/pci0000:00/0000:0a:00.0' : undefined);
    expect(selectDevices([folder], ADDRESSES, resolve)).toEqual(['0000:0a:00.0']);
  });

  it('names a device once, in the order of the words', () => {
    expect(select('0a:00.0', '01:00.1', '0000:0a:00.0')).toEqual(['0000:0a:00.0', '0000:01:00.1']);
  });

  it.each([
    ['01:00', 'VALUE_INVALID', "'01:00' is part of 3 PCI addresses"],
    ['ff:00.0', 'NO_SUCH_DEVICE', "there is no PCI device 'ff:00.0'"],
    ['', 'NO_SUCH_DEVICE', "there is no PCI device ''"],
    ['/', 'NO_SUCH_DEVICE', "there is no PCI device '/'"],
    ['/sys/bus/pci/devices', 'NO_SUCH_DEVICE', "there is no PCI device '/sys/bus/pci/devices'"],
  ])('%j is refused', (word, code, message) => {
    const act = () => select(word);
    expect(act).toThrow(message);
    try {
      act();
    } catch (error) {
      expect(error instanceof VmattachError && error.problem).toMatchObject({ code, severity: 'error', location: word });
    }
  });
});
