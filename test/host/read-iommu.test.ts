import { describe, expect, it } from 'vitest';
import type { IommuFacts } from '../../src/host/model.ts';
import { readIommu, readIsolatedMsi } from '../../src/host/read-iommu.ts';
import { createSystemFiles } from '../../src/host/system-files.ts';
import { fakeTree, type Entry } from './fake-tree.ts';

type Entries = Readonly<Record<string, Entry>>;

const filesOf = (entries: Entries) => createSystemFiles(fakeTree(entries));

describe('readIommu', () => {
  const folder = (name: string): string => `sys/class/iommu/${name}`;
  const intel = (cap: string, ecap: string): Entries => ({
    [`${folder('dmar0')}/intel-iommu/cap`]: cap,
    [`${folder('dmar0')}/intel-iommu/ecap`]: ecap,
  });
  const amd = (features: string): Entries => ({ [`${folder('ivhd0')}/amd-iommu/features`]: features });

  it.each<[string, string, Partial<IommuFacts>, Entries]>([
    ['48-bit tables, 39-bit adapter', 'dmar0', { type: 'intel', lastIova: '0x7fffffffff' }, intel('d2008c40660462\n', 'f050da\n')],
    ['39-bit tables, 48-bit adapter', 'dmar0', { lastIova: '0x7fffffffff' }, intel('2f0200\n', '0\n')],
    ['48-bit tables and adapter', 'dmar0', { lastIova: '0xffffffffffff' }, intel('2f0600\n', '80\n')],
    ['no second-stage width at all', 'dmar0', { lastIova: 'unknown' }, intel('2f0000\n', '0\n')],
    [
      'first-stage tables possible',
      'dmar0',
      { lastIova: 'unknown', dirtyTracking: 'unknown' },
      intel('2f0600\n', 'a80000000000\n'),
    ],
    ['no snoop control', 'dmar0', { enforcesCoherency: false, dirtyTracking: false }, intel('2f0600\n', '0\n')],
    ['registers that cannot be read', 'dmar0', { type: 'intel', lastIova: 'unknown', enforcesCoherency: 'unknown' }, {}],
    ['AMD with dirty tracking', 'ivhd0', { type: 'amd', dirtyTracking: true, enforcesCoherency: true }, amd('0:10000000000000\n')],
    ['AMD before 6.7, without', 'ivhd0', { dirtyTracking: false }, amd('24af732fa2295afe\n')],
    ['AMD, features not readable', 'ivhd0', { dirtyTracking: 'unknown' }, {}],
    [
      'virtio by its folder',
      '0000:00:03.0',
      { type: 'virtio', enforcesCoherency: false },
      {
        'sys/devices/pci0000:00/0000:00:03.0/virtio0/iommu/0000:00:03.0': { folder: true },
        [folder('0000:00:03.0')]: { link: '../../devices/pci0000:00/0000:00:03.0/virtio0/iommu/0000:00:03.0' },
      },
    ],
    ['an Arm SMMU', 'smmu3.0x0000000009050000', { type: 'arm-smmu', isolatedMsi: 'unknown' }, {}],
    ['something else', 'iommufd_selftest_iommu.0', { type: 'other' }, {}],
  ])('%s', (_, name, expected, entries) => {
    expect(readIommu(filesOf(entries), name, true)).toMatchObject(expected);
  });

  it.each<[IommuFacts['isolatedMsi'], string]>([
    [true, '  0:  31  IR-IO-APIC  2-edge  timer\n'],
    [true, ' 24:  0  IR-PCI-MSIX-0000:00:04.0  0-edge  nvme0q0\n'],
    [false, '  0:  31  IO-APIC  2-edge  timer\n'],
    [false, ' 24:  0  PCI-MSIX-0000:00:04.0  0-edge  nvme0q0\n'],
    ['unknown', ' 40:  0  ITS-PCI-MSI-0000:01:00.0  0 Edge  nvme0q0\n'],
    ['unknown', ''],
  ])('isolated MSI is %s by %j', (expected, interrupts) => {
    expect(readIsolatedMsi(filesOf({ 'proc/interrupts': interrupts }))).toBe(expected);
  });
});
