import type { ProblemCode } from './codes.ts';

/** One code as docs/errors.md explains it. */
export interface CodeGuide {
  readonly title: string;
  /** What it means, in one or two sentences. */
  readonly meaning: string;
  readonly example: {
    /** Words after `vmattach` that give it on any host; without it, the facts of a host decide. */
    readonly line?: string;
    /** The message, as it is printed behind the location. */
    readonly says: string;
  };
  /** What to do; where a place in the program knows more, it says more. */
  readonly fixes: readonly string[];
}

/** In the order of `PROBLEM_CODES`. The table behind docs/errors.md, and behind what is said where nothing better is known. */
export const CODE_GUIDE: Readonly<Record<ProblemCode, CodeGuide>> = {
  OPTION_UNKNOWN: {
    title: 'Unknown option',
    meaning: 'neither QEMU nor vmattach has an option of that name',
    example: { line: '-bogus', says: 'invalid option' },
    fixes: ['vmattach --help'],
  },
  OPTION_ARGUMENT_MISSING: {
    title: 'Missing argument of an option',
    meaning: 'the command line ends after the option',
    example: { line: '-device', says: 'requires an argument' },
    fixes: ['vmattach --help'],
  },
  OPTION_UNSUPPORTED: {
    title: 'Option of another machine',
    meaning: 'the option belongs to other machines',
    example: { line: '-machine bare -vnc :0', says: 'not supported by -machine bare' },
    fixes: ['leave it out'],
  },
  SYNTAX: {
    title: 'Syntax error',
    meaning: 'the text is not of the form that the option takes',
    example: { line: `-device '{"driver":'`, says: 'JSON parse error, premature EOI' },
    fixes: ['vmattach --help'],
  },
  VALUE_INVALID: {
    title: 'Invalid value',
    meaning: 'the value is not of the form that the option takes',
    example: { line: '-m lots', says: "Parameter 'size' expects a non-negative number below 2^64" },
    fixes: ['vmattach --help'],
  },
  PROPERTY_UNKNOWN: {
    title: 'Unknown property',
    meaning: 'the option has no parameter of that name',
    example: { line: '-device vfio-pci,hots=01:00.0', says: "Property 'vfio-pci.hots' not found" },
    fixes: ['remove it, or check its spelling'],
  },
  PROPERTY_MISSING: {
    title: 'Missing property',
    meaning: 'the option needs this parameter',
    example: { line: '-machine bare -device vfio-pci', says: 'No provided host device' },
    fixes: ['add it'],
  },
  ID_INVALID: {
    title: 'Invalid id',
    meaning: 'an id names an object or device in links, messages and QMP',
    example: { line: '-object iommufd,id=1x', says: "Parameter 'id' expects an identifier" },
    fixes: ['use an id like hostdev0'],
  },
  ID_DUPLICATE: {
    title: 'Id used twice',
    meaning: 'an earlier option uses the same id',
    example: { line: '-machine bare -object iommufd,id=a -object iommufd,id=a', says: "Duplicate ID 'a' for object" },
    fixes: ['use another id'],
  },
  TYPE_UNKNOWN: {
    title: 'Unknown type',
    meaning: 'no object or device of that type exists on this machine type',
    example: { line: '-machine bare -device e1000', says: "device 'e1000' is not supported by -machine bare" },
    fixes: ['vmattach -device help', 'vmattach -object help'],
  },
  LINK_NOT_FOUND: {
    title: 'Link to nothing',
    meaning: 'a property names an object that no option makes',
    example: { line: '-machine bare -device vfio-pci,host=01:00.0,iommufd=i', says: "Device 'i' not found" },
    fixes: ['add -object iommufd,id=ID'],
  },
  LINK_WRONG_TYPE: {
    title: 'Link to an object of another type',
    meaning: 'a property names an object that exists but is of a type it cannot use',
    example: {
      line: '-machine bare -object memory-backend-ram,id=m,size=64M -device vfio-pci,host=01:00.0,iommufd=m',
      says: "Invalid parameter type for 'iommufd', expected: iommufd",
    },
    fixes: ['name an object of the type that the message says'],
  },
  CONFLICT: {
    title: 'Contradiction',
    meaning:
      'two parts of the command line exclude each other, such as two names of different devices, or a VF token for a device that takes none',
    example: {
      line: '-machine bare -device vfio-pci,host=01:00.0,sysfsdev=/sys/bus/pci/devices/0000:06:00.0',
      says: 'host=0000:01:00.0 and sysfsdev=/sys/bus/pci/devices/0000:06:00.0 are different devices',
    },
    fixes: ['remove one of the two'],
  },
  FILE: {
    title: 'File that cannot be used',
    meaning: 'a file that the command line names cannot be read or written',
    example: { line: '--host-model no-such.json -machine bare', says: 'cannot read host model no-such.json' },
    fixes: ['name a file that exists, in a folder that you may use'],
  },
  HOST_MODEL: {
    title: 'Not a host model',
    meaning: 'the file is no host model, or contradicts itself; the message names the JSON path and what was expected',
    example: {
      line: '--host-model package.json -machine bare',
      says: 'package.json is not a vmattach host model: no "schema": "vmattach.host/1"',
    },
    fixes: ['vmattach record > host.json'],
  },
  SYSTEM_CALL: {
    title: 'Failed system call',
    meaning: 'the kernel refused a call, and no fact of the host says why',
    example: { says: 'vfio 0000:06:00.0: Cannot get IOVA ranges: Input/output error' },
    fixes: ['dmesg | tail'],
  },
  ENGINE_FAILED: {
    title: 'QEMU failed',
    meaning: 'QEMU was started under --supervise and ended with an error or by a signal; its last lines are shown',
    example: { says: '/usr/bin/qemu-system-x86_64 ended with exit status 1' },
    fixes: ['what its lines say', 'vmattach plan with the same options shows what stands against the launch'],
  },
  INTERNAL: {
    title: 'Defect of vmattach',
    meaning: 'something happened that the program rules out; nothing is wrong with what was asked for',
    example: { says: 'internal error: the value of a step is used before it exists' },
    fixes: ['report it with the command line and, where it helps, --log-level debug'],
  },

  NO_IOMMU: {
    title: 'Device without IOMMU',
    meaning: 'no IOMMU translates for the device, so a guest could reach all memory of the host with it',
    example: { says: 'vfio 0000:01:00.0: no iommu_group found: No such file or directory' },
    fixes: ['enable VT-d or AMD-Vi in the firmware setup', 'boot Linux with intel_iommu=on (AMD needs no option)'],
  },
  NOT_BOUND: {
    title: 'Device on a host driver',
    meaning: 'the device has no driver, or one of the host; VFIO offers only devices that are bound to vfio-pci or a variant of it',
    example: { says: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': No such file or directory" },
    fixes: ['bind the device to vfio-pci; the message has the command'],
  },
  GROUP_NOT_VIABLE: {
    title: 'Group with a host driver',
    meaning:
      'another device of the IOMMU group is in use by the host. The IOMMU cannot tell the devices of a group apart, so all must leave their host drivers; bridges may keep theirs, and devices without driver do no harm',
    example: { says: 'vfio 0000:01:00.0: group 14 is not viable' },
    fixes: ['bind the named devices to vfio-pci or pci-stub, or unbind them'],
  },
  GROUP_SPLIT: {
    title: 'Group in two address spaces',
    meaning: 'two devices of one IOMMU group link to different iommufd objects, or one to none; a group has one translation only',
    example: { says: 'vfio 0000:01:00.1: group 14 used in multiple address spaces' },
    fixes: ['give both devices the same iommufd=, or none'],
  },
  CDEV_MISSING: {
    title: 'No VFIO node',
    meaning:
      'the device is bound, but its cdev (/dev/vfio/devices/vfioN) or group node (/dev/vfio/N) is not there, or is another device',
    example: {
      says: 'vfio 0000:06:00.0: vfio /sys/bus/pci/devices/0000:06:00.0/vfio-dev: Failed to open /dev/vfio/devices/vfio2',
    },
    fixes: [
      'in a container: pass the node with --device',
      'use a kernel with CONFIG_VFIO_DEVICE_CDEV',
      'attach through type1: leave iommufd= out',
    ],
  },
  IOMMUFD_MISSING: {
    title: 'No iommufd',
    meaning:
      '/dev/iommu is not there: its module is not loaded, the kernel was built without it (as stock Debian kernels are), or the container has no such node',
    example: { says: "vfio 0000:06:00.0: Could not open '/dev/iommu': No such file or directory" },
    fixes: ['modprobe iommufd', 'use a kernel with CONFIG_IOMMUFD', 'attach through type1: leave iommufd= out'],
  },
  TYPE1_MISSING: {
    title: 'No VFIO container',
    meaning: '/dev/vfio/vfio is not there, or no type1 driver is behind it',
    example: {
      says: "vfio 0000:06:00.0: failed to setup container for group 16: Could not open '/dev/vfio/vfio': No such file or directory",
    },
    fixes: ['modprobe vfio-pci vfio_iommu_type1', 'attach through iommufd: -object iommufd,id=iommufd0 and iommufd=iommufd0'],
  },
  PERMISSION: {
    title: 'No permission for a node',
    meaning:
      'owner and mode of a node keep this process out, or a device cgroup does, which the mode does not show. The cause names node, mode, owner and the ids of the process',
    example: { says: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': Permission denied" },
    fixes: ['chown UID NODE', 'in a container: pass the node with --device; for a systemd unit: DeviceAllow=NODE rw'],
  },
  BUSY: {
    title: 'In use by another process',
    meaning: 'another process has the group open or the cdev bound; the cause names it where its open files can be seen',
    example: { says: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': Device or resource busy" },
    fixes: ['stop the process that is named', 'fuser -v NODE'],
  },
  NO_SUCH_DEVICE: {
    title: 'No such device',
    meaning: 'the host has no device of that address, UUID or path',
    example: { says: 'vfio /sys/bus/pci/devices/0000:09:00.0: no such host device: No such file or directory' },
    fixes: ['vmattach devices --all lists the PCI devices of this host'],
  },
  DUPLICATE_DEVICE: {
    title: 'Device given twice',
    meaning: 'two -device options are the same host device, by whatever names: address, sysfs path, UUID or fd',
    example: { says: 'vfio 0000:06:00.0: device is already attached' },
    fixes: ['remove one of the two'],
  },
  FD_NOT_OPEN: {
    title: 'fd that is not open',
    meaning: 'the process that started vmattach passed no file descriptor of that number',
    example: { line: '-machine bare -object iommufd,id=i,fd=250', says: 'fd 250 is not open' },
    fixes: ['in a shell: 20<>/dev/iommu', 'do not set close-on-exec on it in the parent'],
  },
  FD_WRONG_KIND: {
    title: 'fd of another kind',
    meaning: 'the file descriptor is something else than the option needs',
    example: { line: '-machine bare -object iommufd,id=i,fd=1', says: 'fd 1 is standard output' },
    fixes: ['pass an fd of /dev/iommu to the object and one of /dev/vfio/devices/vfioN to the device'],
  },
  FD_WRONG_DEVICE: {
    title: 'fd of another device',
    meaning: 'the passed cdev belongs to another device than host= or sysfsdev= names',
    example: { says: 'fd=21 is device 0000:06:00.0, not 0000:01:00.0' },
    fixes: ['pass the fd of the right cdev, or leave host= out'],
  },
  MEMLOCK_TOO_LOW: {
    title: 'Limit on locked memory',
    meaning:
      'passed-through devices pin all guest RAM, once for each address space, and RLIMIT_MEMLOCK is lower. type1 counts per process; an iommufd counts all processes of the user, unless it is in the mode that counts per process',
    example: { says: 'vfio 0000:06:00.0: memory listener initialization failed: Region pc.ram: Cannot allocate memory' },
    fixes: ['ulimit -l KIB', 'systemd: LimitMEMLOCK=BYTES', 'start with CAP_IPC_LOCK'],
  },
  DOUBLE_MAP: {
    title: 'RAM mapped more than once',
    meaning: 'a warning: devices are in several address spaces, and guest RAM is pinned and counted once for each',
    example: { says: 'guest RAM is mapped 2 times, once for each address space' },
    fixes: ['let all devices link to one iommufd object'],
  },
  IOVA_RESERVED: {
    title: 'RAM where devices cannot reach it',
    meaning:
      'guest RAM lies over an I/O address range that is reserved for the device, or past the end of what its IOMMU translates',
    example: {
      says: 'vfio 0000:06:00.0: memory listener initialization failed: Region pc.ram: guest RAM does not fit the usable IOVA ranges',
    },
    fixes: ['give the VM less RAM with -m, so that it ends below that range'],
  },
  MSI_NOT_ISOLATED: {
    title: 'Interrupts are not isolated',
    meaning:
      'the IOMMU does not remap interrupts, so a guest could raise interrupts of the host. type1 and iommufd each have a module parameter that allows it all the same; the fix names the right one',
    example: { says: 'vfio 0000:06:00.0: Operation not permitted: interrupts of group 16 are not isolated' },
    fixes: ['enable interrupt remapping (x2APIC) in the firmware'],
  },
  VF_TOKEN_REQUIRED: {
    title: 'VF token required',
    meaning:
      'the physical function of this virtual function is bound to vfio-pci; who opens one of both must know the token of the other',
    example: { says: 'vfio 0000:41:02.0: VF token required to access device' },
    fixes: ['add vf-token=UUID with the token that the holder of the physical function set'],
  },
  RMRR: {
    title: 'Mapping wanted by the firmware',
    meaning: 'the firmware wants a fixed 1:1 mapping for the device (an RMRR), which would end when a guest gets it',
    example: { says: 'vfio 0000:06:00.0: group 16 has a firmware mapping that must stay' },
    fixes: ['disable the firmware feature that uses the device'],
  },
  BACKEND_DISABLED: {
    title: 'Backend that is not enabled',
    meaning: 'the backend that the command line asks for is not in --enable-backends; there is no fallback to another',
    example: {
      line: '-machine bare --enable-backends iommufd -device vfio-pci,host=01:00.0',
      says: 'backend type1 is not enabled',
    },
    fixes: ['add it to --enable-backends', 'link the device to an iommufd object'],
  },
  KERNEL_TOO_OLD: {
    title: 'Kernel too old',
    meaning: 'the kernel is older than what the launch needs: 6.2 for iommufd, 6.6 for cdevs, 6.19 for a VF token through iommufd',
    example: { says: "vfio 0000:06:00.0: Could not open '/dev/iommu': No such file or directory" },
    fixes: ['use a later kernel', 'attach through type1: leave iommufd= out'],
  },
  NO_ENGINE: {
    title: 'No VMM engine',
    meaning: 'the machine type needs QEMU, and no engine was found that can run the launch',
    example: { line: '-machine q35 --qemu /opt/no-such-qemu', says: "no VMM engine for machine type 'q35'" },
    fixes: [
      'install QEMU, or name one with --qemu PATH or VMATTACH_QEMU',
      'vmattach -machine bare attaches the devices without a guest',
    ],
  },
};
