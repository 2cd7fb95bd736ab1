import { describe, expect, test } from 'vitest';
import { libvirtMemlock, type LibvirtDomain } from '../../src/plan/libvirt-memlock.ts';

const GIB = 2n ** 30n;
const NONE: LibvirtDomain = { memory: GIB, vfioDevices: 0 };
const ONE: LibvirtDomain = { memory: GIB, vfioDevices: 1 };

/** The cases of libvirt's own test (tests/qemumemlocktest.c), each with what its domain has. */
const VECTORS: readonly (readonly [name: string, domain: LibvirtDomain, bytes: bigint | 'unlimited'])[] = [
  ['pc-kvm', NONE, 0n],
  ['pc-tcg', NONE, 0n],
  ['pc-hardlimit', { ...NONE, hardLimit: 2_147_483_648n }, 2_147_483_648n],
  ['pc-hardlimit+locked', { ...NONE, hardLimit: 2_147_483_648n, locked: true }, 2_147_483_648n],
  ['pc-hardlimit+hostdev', { ...ONE, hardLimit: 2_147_483_648n }, 2_147_483_648n],
  ['pc-hardlimit+locked+hostdev', { ...ONE, hardLimit: 2_147_483_648n, locked: true }, 2_147_483_648n],
  ['pc-locked', { ...NONE, locked: true }, 'unlimited'],
  ['pc-locked+hostdev', { ...ONE, locked: true }, 'unlimited'],
  ['pc-hostdev', ONE, 2_147_483_648n],
  ['pc-hostdev-nvme', { ...ONE, nvmeDisks: 1 }, 3_221_225_472n],
  ['pseries-kvm', { ...NONE, ppc64HostBridges: 1 }, 20_971_520n],
  ['pseries-hostdev', { ...ONE, ppc64HostBridges: 2 }, 4_320_133_120n],
];

describe('libvirtMemlock', () => {
  test.each(VECTORS)('%s', (_name, domain, bytes) => {
    expect(libvirtMemlock(domain).bytes).toBe(bytes);
  });

  test.each<[what: string, domain: LibvirtDomain, bytes: bigint]>([
    ['several devices without a vIOMMU share one address space', { ...ONE, vfioDevices: 4 }, 2n * GIB],
    ['with a vIOMMU each counts', { ...ONE, vfioDevices: 4, viommus: 1 }, 5n * GIB],
    ['a vIOMMU alone counts nothing', { ...NONE, viommus: 1 }, 0n],
    ['vdpa devices count each', { ...NONE, vdpaDevices: 2 }, 3n * GIB],
  ])('%s', (_what, domain, bytes) => {
    expect(libvirtMemlock(domain).bytes).toBe(bytes);
  });

  test('says how the number comes about', () => {
    expect(libvirtMemlock({ ...ONE, nvmeDisks: 1 }).formula).toBe('2 x RAM + 1 GiB');
  });
});
