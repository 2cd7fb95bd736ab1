const IMAGES = '/var/lib/libvirt/images';

/** How a PCI device is passed through. */
export interface HostDevice {
  /** e.g. `0000:00:04.0` */
  readonly address: string;
  /** Whether libvirt takes the device from its driver and gives it back. */
  readonly managed: boolean;
  readonly iommufd: boolean;
}

export interface Domain {
  readonly name: string;
  /** Path of the program that libvirt starts. */
  readonly emulator: string;
  readonly device: HostDevice;
}

/** Where the serial port of a domain is written to. */
export const serialLog = (name: string): string => `/var/log/libvirt/qemu/${name}-serial.log`;

const sourceAddress = (address: string): string => {
  const [domain, bus, slot, fn] = address.split(/[:.]/);
  return `<address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/>`;
};

const hostDevice = ({ address, managed, iommufd }: HostDevice): string => `
    <hostdev mode='subsystem' type='pci' managed='${managed ? 'yes' : 'no'}'>
      ${iommufd ? "<driver name='vfio' iommufd='yes'/>" : ''}
      <source>${sourceAddress(address)}</source>
    </hostdev>`;

/** A virtual machine under KVM that boots the nested guest and stays until it is destroyed. */
export const domainXml = ({ name, emulator, device }: Domain): string => `
<domain type='kvm'>
  <name>${name}</name>
  <memory unit='MiB'>128</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${IMAGES}/bzImage</kernel>
    <initrd>${IMAGES}/initramfs.gz</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 hold</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='host-passthrough'/>
  <devices>
    <emulator>${emulator}</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <serial type='file'><source path='${serialLog(name)}'/></serial>${hostDevice(device)}
  </devices>
</domain>
`;
