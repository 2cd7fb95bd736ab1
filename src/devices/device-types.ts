import { ON_OFF_AUTO, type Property } from '../objects/property.ts';

/** A device type that is attached through VFIO. */
export interface DeviceType {
  readonly name: string;
  readonly description: string;
  readonly bus: 'PCI' | 'vfio-ap-bus' | 'virtual-css-bus' | 'System';
  /** How the host device can be named: a PCI address, or only a sysfs path (mediated and platform devices). */
  readonly identity: 'pci' | 'sysfs';
  readonly hotpluggable: boolean;
  /** `iommufd`: this type never uses another backend. `explicit`: iommufd if an object is linked, else the default. */
  readonly backendRule: 'explicit' | 'iommufd';
  readonly properties: readonly Property[];
}

const BOOLEAN = { kind: 'boolean' } as const;
const UINT32 = { kind: 'uint32' } as const;
const INT32 = { kind: 'int32' } as const;
const STRING = { kind: 'string', typeName: 'str' } as const;

const flag = (name: string, description: string, byDefault: 'on' | 'off' = 'off'): Property => ({
  name,
  type: BOOLEAN,
  default: byDefault,
  engineOnly: true,
  description,
});

/** What every PCI device of QEMU 10.0-11.1 takes (hw/pci/pci.c). */
const PCI: readonly Property[] = [
  { name: 'bus', type: STRING, description: 'the bus to plug into, e.g. pcie.0 or the id of a root port' },
  { name: 'addr', type: { kind: 'pci-slot' }, default: '-1', description: 'slot and function in the VM, e.g. 06.0' },
  { name: 'multifunction', type: BOOLEAN, default: 'off', description: 'function 0 of a device with several functions' },
  { name: 'romfile', type: STRING, engineOnly: true, description: 'file with the option ROM' },
  { name: 'rombar', type: INT32, default: '-1', engineOnly: true, description: 'show the option ROM to the guest' },
  { name: 'romsize', type: UINT32, default: '4294967295', engineOnly: true, description: 'size of the ROM BAR in bytes' },
  { name: 'acpi-index', type: UINT32, default: '0', engineOnly: true, description: 'onboard index for stable names in the guest' },
  { name: 'bootindex', type: INT32, engineOnly: true, description: 'place in the boot order' },
  { name: 'failover_pair_id', type: STRING, engineOnly: true, description: 'id of the virtio-net device this one stands in for' },
  { name: 'sriov-pf', type: STRING, engineOnly: true, description: 'id of the emulated physical function this one belongs to' },
  flag('x-pcie-lnksta-dllla', 'report the data link layer as active', 'on'),
  flag('x-pcie-extcap-init', 'initialise the extended capabilities', 'on'),
  flag('x-pcie-ext-tag', 'accept 8-bit tags', 'on'),
  flag('x-pcie-err-unc-mask', 'mask uncorrectable errors by default', 'on'),
  flag('x-pcie-ari-nextfn-1', 'next function number 1 in the ARI capability'),
  {
    name: 'x-max-bounce-buffer-size',
    type: { kind: 'size' },
    default: '4096',
    engineOnly: true,
    description: 'bounce buffer limit in bytes',
  },
];

const IDENTITY: readonly Property[] = [
  { name: 'sysfsdev', type: STRING, description: 'sysfs path of the host device' },
  { name: 'fd', type: { kind: 'fd' }, description: 'an open VFIO cdev of the host device' },
  {
    name: 'iommufd',
    type: { kind: 'link', targets: ['iommufd', 'iommu'] },
    description: 'the iommufd object to attach to; without it the default backend is used',
  },
];

/** vfio-pci's own properties, QEMU 10.0-11.1 (hw/vfio/pci.c). */
const VFIO_PCI: readonly Property[] = [
  { name: 'host', type: { kind: 'pci-host-address' }, description: 'address of the host device, e.g. 0000:01:00.0' },
  ...IDENTITY,
  { name: 'vf-token', type: { kind: 'uuid-or-auto' }, description: 'token shared by the driver of the physical function' },
  { name: 'enable-migration', type: ON_OFF_AUTO, default: 'auto', engineOnly: true, description: 'allow live migration' },
  { name: 'ats', type: ON_OFF_AUTO, default: 'auto', engineOnly: true, description: 'show the ATS capability to the guest' },
  flag('migration-events', 'send an event at each change of the migration state'),
  {
    name: 'x-migration-multifd-transfer',
    type: ON_OFF_AUTO,
    default: 'auto',
    engineOnly: true,
    description: 'use multifd channels',
  },
  {
    name: 'x-migration-load-config-after-iter',
    type: ON_OFF_AUTO,
    default: 'auto',
    engineOnly: true,
    description: 'order of migration data',
  },
  {
    name: 'x-migration-max-queued-buffers-size',
    type: { kind: 'size' },
    engineOnly: true,
    description: 'limit of queued data in bytes',
  },
  { name: 'x-pre-copy-dirty-page-tracking', type: ON_OFF_AUTO, default: 'on', engineOnly: true, description: 'track in pre-copy' },
  {
    name: 'x-device-dirty-page-tracking',
    type: ON_OFF_AUTO,
    default: 'on',
    engineOnly: true,
    description: "use the device's tracking",
  },
  { name: 'display', type: ON_OFF_AUTO, default: 'off', engineOnly: true, description: 'show the display of a mediated device' },
  { name: 'xres', type: UINT32, default: '0', engineOnly: true, description: 'preferred width in pixels' },
  { name: 'yres', type: UINT32, default: '0', engineOnly: true, description: 'preferred height in pixels' },
  flag('x-vga', 'give the guest the legacy VGA ranges'),
  flag('x-req', 'release the device when the host asks for it', 'on'),
  flag('x-igd-opregion', 'show the OpRegion of Intel graphics'),
  flag('x-igd-lpc', 'show the LPC bridge that Intel graphics want'),
  { name: 'x-igd-legacy-mode', type: ON_OFF_AUTO, default: 'auto', engineOnly: true, description: 'legacy mode of Intel graphics' },
  { name: 'x-igd-gms', type: UINT32, default: '0', engineOnly: true, description: 'graphics stolen memory, in units of 32 MiB' },
  flag('x-no-mmap', 'never map BARs directly'),
  flag('x-no-kvm-intx', 'handle INTx in user space'),
  flag('x-no-kvm-msi', 'handle MSI in user space'),
  flag('x-no-kvm-msix', 'handle MSI-X in user space'),
  flag('x-no-kvm-ioeventfd', 'no KVM ioeventfds'),
  flag('x-no-vfio-ioeventfd', 'no VFIO ioeventfds'),
  flag('x-no-geforce-quirks', 'no quirks for GeForce cards'),
  flag('x-balloon-allowed', 'memory ballooning is safe with this mediated device'),
  { name: 'x-pci-vendor-id', type: UINT32, default: '4294967295', engineOnly: true, description: 'vendor id shown to the guest' },
  { name: 'x-pci-device-id', type: UINT32, default: '4294967295', engineOnly: true, description: 'device id shown to the guest' },
  { name: 'x-pci-sub-vendor-id', type: UINT32, default: '4294967295', engineOnly: true, description: 'subsystem vendor id' },
  { name: 'x-pci-sub-device-id', type: UINT32, default: '4294967295', engineOnly: true, description: 'subsystem device id' },
  { name: 'x-pci-class-code', type: UINT32, default: '4294967295', engineOnly: true, description: 'class code shown to the guest' },
  {
    name: 'x-intx-mmap-timeout-ms',
    type: UINT32,
    default: '1100',
    engineOnly: true,
    description: 'ms until BARs are mapped again',
  },
  {
    name: 'x-msix-relocation',
    type: { kind: 'enum', values: ['off', 'auto', 'bar0', 'bar1', 'bar2', 'bar3', 'bar4', 'bar5'], typeName: 'OffAutoPCIBAR' },
    default: 'off',
    engineOnly: true,
    description: 'move the MSI-X table to another BAR',
  },
  {
    name: 'x-nv-gpudirect-clique',
    type: { kind: 'uint8', largest: 15 },
    engineOnly: true,
    description: 'clique of peer-to-peer GPUs, 0-15',
  },
  flag('skip-vsc-check', 'ignore vendor-specific capabilities when migrating', 'on'),
  { name: 'x-vpasid-cap-offset', type: UINT32, default: '0', engineOnly: true, description: 'where the PASID capability goes' },
];

const RAMFB: readonly Property[] = [
  flag('ramfb', 'boot display for a mediated device'),
  { name: 'x-ramfb-migrate', type: ON_OFF_AUTO, default: 'auto', engineOnly: true, description: 'migrate the boot display' },
  flag('use-legacy-x86-rom', 'use the legacy ROM of the boot display'),
];

const pciType = (name: string, description: string, more: Partial<DeviceType> = {}): DeviceType => ({
  name,
  description,
  bus: 'PCI',
  identity: 'pci',
  hotpluggable: true,
  backendRule: 'explicit',
  properties: [...PCI, ...VFIO_PCI],
  ...more,
});

export const DEVICE_TYPES: readonly DeviceType[] = [
  pciType('vfio-pci', 'VFIO-based PCI device assignment'),
  pciType('vfio-pci-nohotplug', 'VFIO-based PCI device assignment', {
    hotpluggable: false,
    properties: [...PCI, ...VFIO_PCI, ...RAMFB],
  }),
  pciType('vfio-iommu-pci', 'VFIO-based PCI device assignment, always through iommufd', {
    backendRule: 'iommufd',
    properties: [
      ...PCI,
      ...VFIO_PCI,
      {
        name: 'iommu',
        type: { kind: 'link', targets: ['iommu', 'iommufd'] },
        description: 'the object to attach to; made if absent',
      },
    ],
  }),
  {
    name: 'vfio-ap',
    description: 'VFIO-based assignment of an s390x crypto adapter',
    bus: 'vfio-ap-bus',
    identity: 'sysfs',
    hotpluggable: true,
    backendRule: 'explicit',
    properties: IDENTITY,
  },
  {
    name: 'vfio-ccw',
    description: 'VFIO-based assignment of an s390x channel device',
    bus: 'virtual-css-bus',
    identity: 'sysfs',
    hotpluggable: true,
    backendRule: 'explicit',
    properties: [
      ...IDENTITY,
      { name: 'devno', type: STRING, engineOnly: true, description: 'device number in the VM' },
      { name: 'bootindex', type: INT32, engineOnly: true, description: 'place in the boot order' },
      { name: 'loadparm', type: STRING, engineOnly: true, description: 'parameter for the boot loader' },
      flag('force-orb-pfch', 'assume that prefetch is safe'),
    ],
  },
  {
    name: 'vfio-platform',
    description: 'VFIO-based assignment of a platform device',
    bus: 'System',
    identity: 'sysfs',
    hotpluggable: false,
    backendRule: 'explicit',
    properties: [
      { name: 'host', type: STRING, description: 'name of the platform device' },
      ...IDENTITY,
      flag('x-no-mmap', 'never map regions directly'),
      {
        name: 'mmap-timeout-ms',
        type: UINT32,
        default: '1100',
        engineOnly: true,
        description: 'ms until regions are mapped again',
      },
      flag('x-irqfd', 'use irqfds', 'on'),
    ],
  },
];

export const findDeviceType = (name: string): DeviceType | undefined => DEVICE_TYPES.find((type) => type.name === name);
