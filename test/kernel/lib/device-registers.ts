import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import type { Kernel } from '../../../src/kernel/kernel.ts';

/** 32-bit access to the registers in one BAR. Offsets are in bytes, multiples of 4. */
export interface DeviceRegisters {
  read32(offset: number): number;
  write32(offset: number, value: number): void;
}

/** Memory decoding and bus mastering, in the PCI command register (linux/pci_regs.h). Without the second a device does no DMA. */
const MEMORY_AND_BUS_MASTER = 0x0006;
const COMMAND_REGISTER = 4;

const BAR0_REGION = 0;
const CONFIG_REGION = 7;
/** vfio-pci puts each region of a device at `index << 40` in the file (linux/vfio_pci_core.h). */
const regionStart = (index: number): bigint => BigInt(index) << 40n;

/**
 * BAR 0 through the fd of a VFIO device. Turns bus mastering on, which vfio-pci takes away when a device is opened.
 * @param deviceFd a bound cdev, or what VFIO_GROUP_GET_DEVICE_FD returned
 */
export const vfioRegisters = (kernel: Kernel, deviceFd: number): DeviceRegisters => {
  kernel.write(deviceFd, new Uint8Array([MEMORY_AND_BUS_MASTER, 0]), regionStart(CONFIG_REGION) + BigInt(COMMAND_REGISTER));
  const bar = regionStart(BAR0_REGION);
  const bytes = new Uint8Array(4);
  const word = new DataView(bytes.buffer);
  return {
    read32: (offset) => {
      kernel.read(deviceFd, bytes, bar + BigInt(offset));
      return word.getUint32(0, true);
    },
    write32: (offset, value) => {
      word.setUint32(0, value, true);
      kernel.write(deviceFd, bytes, bar + BigInt(offset));
    },
  };
};

const turnOn = (folder: string): void => {
  const config = openSync(`${folder}/config`, 'r+');
  try {
    const command = Buffer.alloc(2);
    readSync(config, command, 0, 2, COMMAND_REGISTER);
    command.writeUInt16LE(command.readUInt16LE() | MEMORY_AND_BUS_MASTER);
    writeSync(config, command, 0, 2, COMMAND_REGISTER);
  } finally {
    closeSync(config);
  }
};

/** Length in bytes of BAR 0: the first line of `resource` is its first and last address. */
const bar0Length = (folder: string): number => {
  const [first = '0', last = '0'] = readFileSync(`${folder}/resource`, 'utf8').split(' ', 2);
  return Number(BigInt(last) - BigInt(first)) + 1;
};

/**
 * BAR 0 through sysfs, whoever has the device: makes it do DMA while another process has it attached.
 * A Uint32Array on purpose: a DataView reads byte by byte, and a device register wants one 32-bit access.
 * @param address e.g. `0000:00:04.0`
 */
export const sysfsRegisters = (kernel: Kernel, address: string): DeviceRegisters & Disposable => {
  const folder = `/sys/bus/pci/devices/${address}`;
  turnOn(folder);
  const length = bar0Length(folder);
  const fd = kernel.open(`${folder}/resource0`, { write: true });
  const mapping = kernel.map({ length: BigInt(length), fd, shared: true });
  kernel.close(fd);
  const bytes = kernel.view(mapping, length);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, length / 4);
  return {
    read32: (offset) => words[offset / 4] ?? 0,
    write32: (offset, value) => {
      words[offset / 4] = value;
    },
    [Symbol.dispose]: () => kernel.unmap(mapping, BigInt(length)),
  };
};
