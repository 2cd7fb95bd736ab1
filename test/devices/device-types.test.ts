import { describe, expect, test } from 'vitest';
import { DEVICE_TYPES, findDeviceType } from '../../src/devices/device-types.ts';
import { kindLabel } from '../../src/objects/property.ts';

type Row = readonly [name: string, type: string, byDefault?: string];

/** The columns of `-device vfio-pci,help` of QEMU 10.0.2, and what later versions added. */
const VFIO_PCI: readonly Row[] = [
  ['acpi-index', 'uint32', '0'],
  ['addr', 'str', '-1'],
  ['ats', 'OnOffAuto', 'auto'],
  ['bootindex', 'int32'],
  ['bus', 'str'],
  ['display', 'OnOffAuto', 'off'],
  ['enable-migration', 'OnOffAuto', 'auto'],
  ['failover_pair_id', 'str'],
  ['fd', 'string'],
  ['host', 'str'],
  ['iommufd', 'link<iommufd>'],
  ['migration-events', 'bool', 'off'],
  ['multifunction', 'bool', 'off'],
  ['rombar', 'int32', '-1'],
  ['romfile', 'str'],
  ['romsize', 'uint32', '4294967295'],
  ['skip-vsc-check', 'bool', 'on'],
  ['sriov-pf', 'str'],
  ['sysfsdev', 'str'],
  ['vf-token', 'str'],
  ['x-balloon-allowed', 'bool', 'off'],
  ['x-device-dirty-page-tracking', 'OnOffAuto', 'on'],
  ['x-igd-gms', 'uint32', '0'],
  ['x-igd-legacy-mode', 'OnOffAuto', 'auto'],
  ['x-igd-lpc', 'bool', 'off'],
  ['x-igd-opregion', 'bool', 'off'],
  ['x-intx-mmap-timeout-ms', 'uint32', '1100'],
  ['x-max-bounce-buffer-size', 'size', '4096'],
  ['x-migration-load-config-after-iter', 'OnOffAuto', 'auto'],
  ['x-migration-max-queued-buffers-size', 'size'],
  ['x-migration-multifd-transfer', 'OnOffAuto', 'auto'],
  ['x-msix-relocation', 'OffAutoPCIBAR', 'off'],
  ['x-no-geforce-quirks', 'bool', 'off'],
  ['x-no-kvm-intx', 'bool', 'off'],
  ['x-no-kvm-ioeventfd', 'bool', 'off'],
  ['x-no-kvm-msi', 'bool', 'off'],
  ['x-no-kvm-msix', 'bool', 'off'],
  ['x-no-mmap', 'bool', 'off'],
  ['x-no-vfio-ioeventfd', 'bool', 'off'],
  ['x-nv-gpudirect-clique', 'uint8'],
  ['x-pci-class-code', 'uint32', '4294967295'],
  ['x-pci-device-id', 'uint32', '4294967295'],
  ['x-pci-sub-device-id', 'uint32', '4294967295'],
  ['x-pci-sub-vendor-id', 'uint32', '4294967295'],
  ['x-pci-vendor-id', 'uint32', '4294967295'],
  ['x-pcie-ari-nextfn-1', 'bool', 'off'],
  ['x-pcie-err-unc-mask', 'bool', 'on'],
  ['x-pcie-ext-tag', 'bool', 'on'],
  ['x-pcie-extcap-init', 'bool', 'on'],
  ['x-pcie-lnksta-dllla', 'bool', 'on'],
  ['x-pre-copy-dirty-page-tracking', 'OnOffAuto', 'on'],
  ['x-req', 'bool', 'on'],
  ['x-vga', 'bool', 'off'],
  ['x-vpasid-cap-offset', 'uint32', '0'],
  ['xres', 'uint32', '0'],
  ['yres', 'uint32', '0'],
];

const IDENTITY: readonly Row[] = [
  ['fd', 'string'],
  ['iommufd', 'link<iommufd>'],
  ['sysfsdev', 'str'],
];

const EXPECTED: Readonly<Record<string, readonly Row[]>> = {
  'vfio-pci': VFIO_PCI,
  'vfio-pci-nohotplug': [
    ...VFIO_PCI,
    ['ramfb', 'bool', 'off'],
    ['use-legacy-x86-rom', 'bool', 'off'],
    ['x-ramfb-migrate', 'OnOffAuto', 'auto'],
  ],
  'vfio-iommu-pci': [...VFIO_PCI, ['iommu', 'link<iommu>']],
  'vfio-ap': IDENTITY,
  'vfio-ccw': [...IDENTITY, ['bootindex', 'int32'], ['devno', 'str'], ['force-orb-pfch', 'bool', 'off'], ['loadparm', 'str']],
  'vfio-platform': [
    ...IDENTITY,
    ['host', 'str'],
    ['mmap-timeout-ms', 'uint32', '1100'],
    ['x-irqfd', 'bool', 'on'],
    ['x-no-mmap', 'bool', 'off'],
  ],
};

const byName = (rows: readonly Row[]): readonly Row[] => rows.toSorted(([a], [b]) => (a < b ? -1 : 1));

describe('DEVICE_TYPES', () => {
  test('are the VFIO types of QEMU and the one that is always iommufd', () => {
    expect(DEVICE_TYPES.map(({ name }) => name).toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  });

  test.each(Object.entries(EXPECTED))('%s has the properties of QEMU, with their types and defaults', (name, rows) => {
    const properties = findDeviceType(name)?.properties ?? [];
    const actual = properties.map((property): Row => {
      const label = kindLabel(property.type);
      return property.default === undefined ? [property.name, label] : [property.name, label, property.default];
    });
    expect(byName(actual)).toEqual(byName(rows));
  });

  test.each([
    ['vfio-pci', 'PCI', 'explicit', true],
    ['vfio-pci-nohotplug', 'PCI', 'explicit', false],
    ['vfio-iommu-pci', 'PCI', 'iommufd', true],
    ['vfio-ap', 'vfio-ap-bus', 'explicit', true],
    ['vfio-ccw', 'virtual-css-bus', 'explicit', true],
    ['vfio-platform', 'System', 'explicit', false],
  ])('%s goes on bus %s, its rule is %s, hotpluggable: %s', (name, bus, backendRule, hotpluggable) => {
    expect(findDeviceType(name)).toMatchObject({ bus, backendRule, hotpluggable });
  });

  test.each(DEVICE_TYPES)('$name can link to both spellings of an iommufd object', ({ properties }) => {
    const links = properties.flatMap(({ type }) => (type.kind === 'link' ? [type.targets.toSorted()] : []));
    expect(links.length).toBeGreaterThan(0);
    for (const targets of links) expect(targets).toEqual(['iommu', 'iommufd']);
  });

  test('have no property that names the device itself', () => {
    expect(DEVICE_TYPES.flatMap(({ properties }) => properties).filter(({ name }) => /^(id|driver)$/.test(name))).toEqual([]);
  });
});
