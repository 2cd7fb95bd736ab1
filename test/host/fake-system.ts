import { fakePciDevice, type Entry } from './fake-tree.ts';

export type Entries = Readonly<Record<string, Entry>>;

export const NULL_NODE = { device: '1:3', mode: '0666', uid: 0, gid: 0 };

/** A graphics card that is bound to vfio-pci, and its audio function that is not. */
export const GPU: Entries = {
  ...fakePciDevice({
    folder: 'pci0000:00/0000:00:01.0/0000:01:00.0',
    vendor: '0x10de',
    device: '0x2684',
    class: '0x030000',
    driver: 'vfio-pci',
    group: 14,
    iommu: 'dmar1',
    attributes: {
      reset_method: 'flr bus\n',
      numa_node: '-1\n',
      'vfio-dev/vfio0/dev': '511:0\n',
      resource: [
        '0x0000000083000000 0x0000000083ffffff 0x0000000000040200',
        '0x0000004000000000 0x00000047ffffffff 0x000000000014220c',
        '0x0000000000000000 0x0000000000000000 0x0000000000000000',
        '0x0000000000000000 0x0000000000000000 0x0000000000000000',
        '0x0000000000000000 0x0000000000000000 0x0000000000000000',
        '0x0000000000004000 0x000000000000407f 0x0000000000040101',
        '0x0000000084000000 0x000000008407ffff 0x0000000000046200',
        '',
      ].join('\n'),
    },
  }),
  ...fakePciDevice({
    folder: 'pci0000:00/0000:00:01.0/0000:01:00.1',
    class: '0x040300',
    driver: 'snd_hda_intel',
    group: 14,
    iommu: 'dmar1',
    attributes: { numa_node: '1\n' },
  }),
  'sys/kernel/iommu_groups/14/type': 'DMA-FQ\n',
  'sys/kernel/iommu_groups/14/reserved_regions':
    '0x000000007c000000 0x000000007c01ffff direct-relaxable\n0x00000000fee00000 0x00000000feefffff msi\n',
};

/** What a host has beside its devices. */
export const SYSTEM: Entries = {
  'proc/sys/kernel/osrelease': '6.17.0\n',
  'proc/devices': 'Character devices:\n  1 mem\n243 vfio\n511 vfio-dev\n\nBlock devices:\n  8 sd\n',
  'proc/self/status':
    'Name:\tnode\nUid:\t1000\t1001\t1000\t1000\nGid:\t1000\t1002\t1000\t1000\nGroups:\t27 1000 \nCapEff:\t0000000000004000\n',
  'proc/self/limits':
    'Limit  Soft Limit  Hard Limit  Units\nMax locked memory         8388608              unlimited            bytes     \n',
  'proc/self/uid_map': '         0          0 4294967295\n',
  'proc/interrupts': '  1:  0  IR-IO-APIC  1-edge  i8042\n 16:  5  DMAR-MSI  0-edge  dmar0\n',
  'sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts': 'N\n',
  'sys/class/misc/iommu': { folder: true },
  'sys/class/iommu/dmar1/intel-iommu/cap': 'd2008c40660462\n',
  'sys/class/iommu/dmar1/intel-iommu/ecap': 'f050da\n',
  'dev/vfio/vfio': { link: '/dev/null' },
  'dev/vfio/14': { link: '/dev/null' },
};
