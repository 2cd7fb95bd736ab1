import { describe, expect, test } from 'vitest';
import type { RamBlock } from '../../src/backends/ram.ts';
import { problemOf } from '../options/problem-of.ts';
import { requestOf } from '../plan/planning.ts';

const MIB = 2n ** 20n;

const machineOf = (line: string) => requestOf(line).machine;

describe('readMachine takes guest RAM', () => {
  const block: RamBlock = {
    id: 'pc.ram',
    path: '/objects/pc.ram',
    size: 128n * MIB,
    kind: 'anonymous',
    shared: false,
    reserved: true,
    hugePages: undefined,
    file: undefined,
  };
  const named: RamBlock = { ...block, id: 'm', path: '/objects/m', size: 64n * MIB };

  test.each<[line: string, ram: RamBlock]>([
    ['', block],
    ['-m 0', block],
    ['-m 64', { ...block, size: 64n * MIB }],
    ['-m 1G', { ...block, size: 1024n * MIB }],
    ['-m 64B', { ...block, size: 8192n }],
    ['-m 1G -m slots=2,maxmem=4G', { ...block, size: 1024n * MIB }],
    ['-m 1G -m 2G', { ...block, size: 2048n * MIB }],
    [
      '-m 64 -mem-path /dev/hugepages/x',
      { ...block, size: 64n * MIB, kind: 'file', file: { path: '/dev/hugepages/x', offset: 0n } },
    ],
    ['-object memory-backend-ram,id=m,size=64M -machine bare,memory-backend=m', named],
    ['-object memory-backend-ram,id=m,size=64M -machine memory_backend=m', named],
    ['-object memory-backend-ram,id=m,size=64M -machine memory-backend=m -m 64', named],
    ['-object memory-backend-ram,id=m,size=64M,share=on -machine memory-backend=m', { ...named, shared: true }],
    ['-object memory-backend-memfd,id=m,size=64M -machine memory-backend=m', { ...named, kind: 'memfd', shared: true }],
    ['-object memory-backend-memfd,id=m,size=64M,share=off -machine memory-backend=m', { ...named, kind: 'memfd' }],
    [
      '-object memory-backend-memfd,id=m,size=64M,hugetlb=on -machine memory-backend=m',
      { ...named, kind: 'memfd', shared: true, hugePages: {} },
    ],
    [
      '-object memory-backend-memfd,id=m,size=64M,hugetlb=on,hugetlbsize=2M -machine memory-backend=m',
      { ...named, kind: 'memfd', shared: true, hugePages: { pageSize: 2n * MIB } },
    ],
    [
      '-object memory-backend-file,id=m,size=64M,mem-path=/dev/shm/x,offset=4096 -machine memory-backend=m',
      { ...named, kind: 'file', file: { path: '/dev/shm/x', offset: 4096n } },
    ],
    ['-object memory-backend-ram,id=m,size=67108863 -machine memory-backend=m', named],
    ['-object memory-backend-ram,id=m,size=64M', block],
    ['-object memory-backend-ram,id=pc.ram,size=64M -machine memory-backend=pc.ram', { ...block, size: 64n * MIB }],
  ])('%s', (line, ram) => {
    expect(machineOf(line)).toEqual({ type: 'bare', ram });
  });
});

describe('readMachine takes the machine type', () => {
  test.each([
    ['', 'bare'],
    ['-machine q35', 'q35'],
    ['-M q35', 'q35'],
    ['-machine type=q35', 'q35'],
    ['-machine q35 -machine pc', 'pc'],
    ['-machine q35 -machine accel=kvm', 'q35'],
    ['-machine q35,usb=off -M type=bare -machine q35', 'q35'],
  ])('%s', (line, type) => {
    expect(machineOf(line).type).toBe(type);
  });

  test('later -machine options add to earlier ones', () => {
    const { ram } = machineOf(
      '-object memory-backend-ram,id=m,size=64M -machine memory-backend=x -machine bare -M memory-backend=m',
    );
    expect(ram.id).toBe('m');
  });
});

/** Messages as QEMU 10.0.2 prints them. */
describe('readMachine refuses', () => {
  const backend = '-object memory-backend-ram,id=m,size=64M';
  test.each<[line: string, code: string, message: string]>([
    ['-machine memory-backend=x', 'LINK_NOT_FOUND', "Memory backend 'x' not found"],
    ['-machine memory-backend=', 'LINK_NOT_FOUND', "Memory backend '' not found"],
    ['-object iommufd,id=m -machine memory-backend=m', 'LINK_NOT_FOUND', "Memory backend 'm' not found"],
    [`${backend} -machine memory-backend=m -m 1G`, 'CONFLICT', 'Machine memory size does not match the size of the memory backend'],
    [`${backend} -machine memory-backend=m -m 32`, 'CONFLICT', 'Machine memory size does not match the size of the memory backend'],
    [
      `${backend} -machine memory-backend=m -mem-path /x`,
      'CONFLICT',
      "'-mem-path' can't be used together with'-machine memory-backend'",
    ],
    [`${backend} -machine memory-backend=m,memory_backend=m`, 'CONFLICT', "Conflict between 'memory_backend' and 'memory-backend'"],
    ['-object memory-backend-ram,id=m,size=0', 'VALUE_INVALID', "property 'size' of memory-backend-ram doesn't take value '0'"],
    [
      '-object memory-backend-ram,id=pc.ram,size=64M',
      'ID_DUPLICATE',
      "object's id 'pc.ram' is reserved for the default RAM backend, it can't be used for any other purposes",
    ],
    [
      '-object iommufd,id=pc.ram',
      'ID_DUPLICATE',
      "object's id 'pc.ram' is reserved for the default RAM backend, it can't be used for any other purposes",
    ],
    ['-m 64,slots=2', 'VALUE_INVALID', 'slots specified but no max-size'],
    [
      '-m 64,maxmem=32M',
      'VALUE_INVALID',
      'invalid value of maxmem: maximum memory size (0x2000000) must be at least the initial memory size (0x4000000)',
    ],
    [
      '-m maxmem=64M',
      'VALUE_INVALID',
      'invalid value of maxmem: maximum memory size (0x4000000) must be at least the initial memory size (0x8000000)',
    ],
    [
      '-m 64,slots=2,maxmem=64M',
      'VALUE_INVALID',
      'invalid value of maxmem: memory slots were specified but maximum memory size (0x4000000) is equal to the initial memory size (0x4000000)',
    ],
    ['-m x', 'VALUE_INVALID', "Parameter 'size' expects a non-negative number below 2^64"],
    ['-m 64,bogus=1', 'PROPERTY_UNKNOWN', "Invalid parameter 'bogus'"],
    ['-m 64,id=x', 'PROPERTY_UNKNOWN', "Invalid parameter 'id'"],
    ['-m 0x40', 'VALUE_INVALID', "Parameter 'memory.size' expects size"],
    ['-machine bare,usb=on', 'PROPERTY_UNKNOWN', "Property 'bare-machine.usb' not found"],
    ['-machine usb=on', 'PROPERTY_UNKNOWN', "Property 'bare-machine.usb' not found"],
    ['-machine bare,usb', 'SYNTAX', "Expected '=' after parameter 'usb'"],
  ])('%s', (line, code, message) => {
    expect(problemOf(() => machineOf(line))).toMatchObject({ code, message });
  });

  test('names the memory backends that there are', () => {
    expect(problemOf(() => machineOf(`${backend} -machine memory-backend=x`)).cause).toBe('the memory backends are m');
  });

  test('a property of another machine is none of our business', () => {
    expect(machineOf('-machine q35,usb=on').type).toBe('q35');
  });
});
