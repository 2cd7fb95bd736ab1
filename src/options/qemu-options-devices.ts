import type { QemuOption } from './qemu-option.ts';

/** The sections about USB, display, i386, network, character devices, TPM and boot images of qemu-options.hx. */
export const DEVICE_OPTIONS: readonly QemuOption[] = [
  { name: 'usb', grammar: 'none', help: 'add the USB host controller of the board' },
  { name: 'usbdevice', grammar: 'plain', metavar: 'NAME', help: 'a USB device' },

  // `-display vnc=...` takes what -vnc takes.
  {
    name: 'display',
    grammar: 'json-or-keyval',
    metavar: '[type=]TYPE[,PROP=VALUE]...',
    help: 'how the display is shown',
    impliedKey: 'type',
  },
  { name: 'nographic', grammar: 'none', help: 'no display, serial port and monitor on the terminal' },
  {
    name: 'spice',
    grammar: 'qemuopts',
    metavar: '[port=PORT][,addr=ADDRESS]...',
    help: 'SPICE server',
    group: 'spice',
    mergeLists: true,
  },
  { name: 'vga', grammar: 'plain', metavar: 'TYPE', help: 'the graphics card' },
  { name: 'full-screen', grammar: 'none', help: 'start in full screen' },
  {
    name: 'g',
    grammar: 'plain',
    metavar: 'WxH[xDEPTH]',
    help: 'first resolution and depth',
    architectures: ['ppc', 'sparc', 'm68k'],
  },
  {
    name: 'vnc',
    grammar: 'qemuopts',
    metavar: '[vnc=]DISPLAY[,PROP=VALUE]...',
    help: 'VNC server',
    group: 'vnc',
    impliedKey: 'vnc',
  },

  { name: 'win2k-hack', grammar: 'none', help: 'work around a disk-full bug of the Windows 2000 setup', architectures: ['i386'] },
  { name: 'no-fd-bootchk', grammar: 'none', help: 'boot floppies without a signature', architectures: ['i386'] },
  {
    name: 'acpitable',
    grammar: 'qemuopts',
    metavar: '[sig=TEXT]...,data|file=FILE[:FILE]...',
    help: 'an ACPI table',
    group: 'acpi',
    impliedKey: 'data',
    architectures: ['i386'],
  },
  {
    name: 'smbios',
    grammar: 'qemuopts',
    metavar: 'file=FILE | type=N[,FIELD=VALUE]...',
    help: 'an SMBIOS entry',
    group: 'smbios',
    architectures: ['i386', 'arm', 'loongarch', 'riscv'],
  },

  // JSON and the types stream and dgram are read by keyval, everything older by QemuOpts.
  {
    name: 'netdev',
    grammar: 'json-or-qemuopts',
    metavar: '[type=]TYPE,id=ID[,PROP=VALUE]...',
    help: 'a network backend',
    group: 'netdev',
    impliedKey: 'type',
  },
  {
    name: 'nic',
    grammar: 'qemuopts',
    metavar: '[type=]TYPE[,model=NAME][,mac=ADDRESS]...',
    help: 'a network card with its backend',
    group: 'nic',
    impliedKey: 'type',
  },
  {
    name: 'net',
    grammar: 'qemuopts',
    metavar: '[type=]TYPE[,PROP=VALUE]...',
    help: 'a network card or backend on the default hub',
    group: 'net',
    impliedKey: 'type',
  },

  {
    name: 'chardev',
    grammar: 'qemuopts',
    metavar: '[backend=]TYPE,id=ID[,PROP=VALUE]...',
    help: 'a character device backend',
    group: 'chardev',
    impliedKey: 'backend',
  },
  {
    name: 'tpmdev',
    grammar: 'qemuopts',
    metavar: '[type=]TYPE,id=ID[,PROP=VALUE]...',
    help: 'a TPM backend',
    group: 'tpmdev',
    impliedKey: 'type',
  },

  { name: 'bios', grammar: 'plain', metavar: 'FILE', help: 'the firmware image' },
  { name: 'pflash', grammar: 'plain', metavar: 'FILE', help: 'image of a parallel flash' },
  { name: 'kernel', grammar: 'plain', metavar: 'FILE', help: 'the kernel to boot' },
  { name: 'shim', grammar: 'plain', metavar: 'FILE', help: 'the EFI shim to boot the kernel with' },
  { name: 'append', grammar: 'plain', metavar: 'TEXT', help: 'command line of the kernel' },
  { name: 'initrd', grammar: 'plain', metavar: 'FILE', help: 'the initial RAM disk' },
  { name: 'dtb', grammar: 'plain', metavar: 'FILE', help: 'the device tree' },
];
