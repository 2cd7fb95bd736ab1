import { describe, expect, test } from 'vitest';
import { textValue, type DeviceSpec } from '../../src/devices/device-spec.ts';
import { parseDevice } from '../../src/devices/parse-device.ts';
import { problemOf } from '../options/problem-of.ts';

const parse = (text: string, existingIds: readonly string[] = []) =>
  parseDevice(text, { location: `-device ${text}`, existingIds: new Set(existingIds), onWarning: () => undefined });

const own = (text: string): DeviceSpec => {
  const device = parse(text);
  if ('driver' in device) throw new Error(`${text} is a device of the engine`);
  return device;
};

const json = (members: Record<string, unknown>): string => JSON.stringify({ driver: 'vfio-pci', ...members });

describe('parseDevice reads', () => {
  test.each<[text: string, id: string | undefined, values: Record<string, unknown>]>([
    ['vfio-pci', undefined, {}],
    ['vfio-pci,host=1:2.3', undefined, { host: '0000:01:02.3' }],
    ['driver=vfio-pci,id=hostdev0,host=0000:0a:1f.7', 'hostdev0', { host: '0000:0a:1f.7' }],
    ['id=a,host=01:00.0,driver=vfio-pci', 'a', { host: '0000:01:00.0' }],
    ['vfio-pci,fd=23,iommufd=iommufd0', undefined, { fd: '23', iommufd: 'iommufd0' }],
    ['vfio-pci,iommufd=', undefined, { iommufd: '' }],
    ['vfio-pci,addr=06.1,multifunction=on', undefined, { addr: { devfn: 0x31 }, multifunction: true }],
    ['vfio-pci,addr=12', undefined, { addr: { devfn: 0x90 } }],
    ['vfio-pci,vf-token=AABBCCDD-0000-1111-2222-333344445555', undefined, { 'vf-token': 'aabbccdd-0000-1111-2222-333344445555' }],
    ['vfio-pci,vf-token=auto', undefined, { 'vf-token': 'auto' }],
    ['vfio-pci,rombar=-1,bootindex=3', undefined, { rombar: -1n, bootindex: 3n }],
    ['vfio-pci,xres=0x10,x-max-bounce-buffer-size=4k', undefined, { xres: 16n, 'x-max-bounce-buffer-size': 4096n }],
    [json({ id: 'hostdev0', host: '0000:01:00.0' }), 'hostdev0', { host: '0000:01:00.0' }],
    [json({ fd: '23', iommufd: 'iommufd0' }), undefined, { fd: '23', iommufd: 'iommufd0' }],
    [json({ addr: '3' }), undefined, { addr: { devfn: 24 } }],
    [json({ addr: 3 }), undefined, { addr: { devfn: 3 } }],
    [json({ addr: -1 }), undefined, { addr: { devfn: -1 } }],
    [json({ 'x-no-mmap': true, xres: 800, rombar: -1 }), undefined, { 'x-no-mmap': true, xres: 800n, rombar: -1n }],
    [json({ driver: 'vfio-pci-nohotplug', ramfb: true, display: 'on' }), undefined, { ramfb: true, display: 'on' }],
  ])('%s', (text, id, values) => {
    const spec = own(text);
    expect({ id: spec.id, values: Object.fromEntries(spec.values) }).toEqual({ id, values });
  });

  test('the last of equal keys but the first of several ids, as QEMU does', () => {
    const spec = own('vfio-pci,host=01:00.0,id=a,host=02:00.0,id=b');
    expect([spec.id, spec.values.get('host')]).toEqual(['a', '0000:02:00.0']);
  });

  test('a driver of the engine without looking at its properties', () => {
    expect(parse('virtio-net-pci,id=n,netdev=x')).toMatchObject({ driver: 'virtio-net-pci', id: 'n' });
    expect(parse(JSON.stringify({ driver: 'e1000e', bus: 5 }))).toMatchObject({ driver: 'e1000e', id: undefined });
  });

  test('textValue gives text only', () => {
    const { values } = own('vfio-pci,host=01:00.0,multifunction=on');
    expect([textValue(values, 'host'), textValue(values, 'multifunction'), textValue(values, 'fd')]).toEqual([
      '0000:01:00.0',
      undefined,
      undefined,
    ]);
  });
});

/** Messages as QEMU 10.0.2 prints them, but for ids of JSON devices, which it does not check. */
describe('parseDevice refuses', () => {
  test.each<[text: string, code: string, message: string]>([
    ['', 'PROPERTY_MISSING', "Parameter 'driver' is missing"],
    ['host=1', 'PROPERTY_MISSING', "Parameter 'driver' is missing"],
    ['{"host":"1"}', 'PROPERTY_MISSING', "Parameter 'driver' is missing"],
    ['{"driver":5}', 'PROPERTY_MISSING', "Parameter 'driver' is missing"],
    ['vfio-pci,id=1a', 'ID_INVALID', "Parameter 'id' expects an identifier"],
    ['vfio-pci,zzz=1', 'PROPERTY_UNKNOWN', "Property 'vfio-pci.zzz' not found"],
    [json({ help: 1 }), 'PROPERTY_UNKNOWN', "Property 'vfio-pci.help' not found"],
    ['vfio-pci,ramfb=on', 'PROPERTY_UNKNOWN', "Property 'vfio-pci.ramfb' not found"],
    ['vfio-pci,iommu=x', 'PROPERTY_UNKNOWN', "Property 'vfio-pci.iommu' not found"],
    ['vfio-pci,host=foo', 'VALUE_INVALID', "Property 'vfio-pci.host' doesn't take value 'foo'"],
    ['vfio-pci,host=0:1:2.8', 'VALUE_INVALID', "Property 'vfio-pci.host' doesn't take value '0:1:2.8'"],
    ['vfio-pci-nohotplug,host=foo', 'VALUE_INVALID', "Property 'vfio-pci-nohotplug.host' doesn't take value 'foo'"],
    ['vfio-pci,addr=20', 'VALUE_INVALID', "Property 'vfio-pci.addr' doesn't take value '20'"],
    ['vfio-pci,addr=zz', 'VALUE_INVALID', "Property 'vfio-pci.addr' doesn't take value 'zz'"],
    ['vfio-pci,vf-token=x', 'VALUE_INVALID', "Property 'vfio-pci.vf-token' doesn't take value 'x'"],
    ['vfio-pci,display=maybe', 'VALUE_INVALID', "Parameter 'display' does not accept value 'maybe'"],
    ['vfio-pci,x-msix-relocation=bar6', 'VALUE_INVALID', "Parameter 'x-msix-relocation' does not accept value 'bar6'"],
    ['vfio-pci,xres=x', 'VALUE_INVALID', "Parameter 'xres' expects integer"],
    ['vfio-pci,xres=-1', 'VALUE_INVALID', "Parameter 'xres' expects uint32_t"],
    ['vfio-pci,xres=4294967296', 'VALUE_INVALID', "Parameter 'xres' expects uint32_t"],
    ['vfio-pci,rombar=x', 'VALUE_INVALID', "Parameter 'rombar' expects integer"],
    ['vfio-pci,bootindex=2147483648', 'VALUE_INVALID', "Parameter 'bootindex' expects int32_t"],
    ['vfio-pci,x-no-mmap=1', 'VALUE_INVALID', "Parameter 'x-no-mmap' expects 'on' or 'off'"],
    ['vfio-pci,x-max-bounce-buffer-size=x', 'VALUE_INVALID', "Parameter 'x-max-bounce-buffer-size' expects size"],
    ['vfio-pci,fd=foo', 'VALUE_INVALID', "Could not parse remote object fd foo:Invalid file descriptor number 'foo'"],
    [json({ fd: 22 }), 'VALUE_INVALID', "Invalid parameter type for 'fd', expected: string"],
    [json({ host: 5 }), 'VALUE_INVALID', "Invalid parameter type for 'host', expected: string"],
    [json({ iommufd: 1 }), 'VALUE_INVALID', "Invalid parameter type for 'iommufd', expected: string"],
    [json({ 'x-no-mmap': 'on' }), 'VALUE_INVALID', "Invalid parameter type for 'x-no-mmap', expected: boolean"],
    [json({ xres: 'a' }), 'VALUE_INVALID', "Parameter 'xres' expects uint64"],
    ['{"driver":"vfio-pci","xres":1.0}', 'VALUE_INVALID', "Parameter 'xres' expects uint64"],
    [json({ xres: -1 }), 'VALUE_INVALID', "Parameter 'xres' expects uint32_t"],
    [json({ rombar: 1.5 }), 'VALUE_INVALID', "Invalid parameter type for 'rombar', expected: integer"],
    [json({ bootindex: 2 ** 32 }), 'VALUE_INVALID', "Parameter 'bootindex' expects int32_t"],
    [json({ addr: 256 }), 'VALUE_INVALID', "Parameter 'addr' expects a value between -1 and 255"],
    [json({ addr: -2 }), 'VALUE_INVALID', "Parameter 'addr' expects a value between -1 and 255"],
    [json({ addr: true }), 'VALUE_INVALID', "Invalid parameter type for 'addr', expected int or str"],
    ['{"driver":"vfio-pci","addr":1.0}', 'VALUE_INVALID', "Invalid parameter type for 'addr', expected: integer"],
    [json({ addr: '3.8' }), 'VALUE_INVALID', "Property 'vfio-pci.addr' doesn't take value '3.8'"],
    ['{"driver":"vfio-pci"', 'SYNTAX', 'JSON parse error, premature EOI'],
    [json({ id: 'a/b' }), 'ID_INVALID', "Parameter 'id' expects an identifier"],
    [json({ id: '' }), 'ID_INVALID', "Parameter 'id' expects an identifier"],
    [json({ id: 5 }), 'VALUE_INVALID', "Invalid parameter type for 'id', expected: string"],
  ])('%s', (text, code, message) => {
    expect(problemOf(() => parse(text))).toMatchObject({ code, message, location: `-device ${text}` });
  });

  test('an id that an earlier device has', () => {
    expect(problemOf(() => parse('vfio-pci,id=a', ['a'])).message).toBe("Duplicate ID 'a' for device");
  });

  test.each([
    ['iommufd,id=i', '-object iommufd,id=i -device vfio-pci,host=0000:01:00.0,iommufd=i'],
    ['iommu', '-object iommu,id=iommufd0 -device vfio-pci,host=0000:01:00.0,iommufd=iommufd0'],
    ['{"driver":"iommufd","id":"x"}', '-object iommufd,id=x -device vfio-pci,host=0000:01:00.0,iommufd=x'],
  ])('an object as a device, with the line to use instead: %s', (text, fix) => {
    const problem = problemOf(() => parse(text));
    expect(problem.message).toMatch(/^'iommu(fd)?' is not a valid device model name$/);
    expect(problem.fixes).toEqual([fix]);
  });

  test('proposes the property that was meant', () => {
    expect(problemOf(() => parse('vfio-pci,hots=01:00.0')).fixes?.[0]).toBe('did you mean host=');
  });
});
