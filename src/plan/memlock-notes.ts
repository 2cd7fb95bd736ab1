import type { AddressSpace } from '../backends/address-space.ts';
import { chargesDeviceMemory } from '../host/kernel-release.ts';
import type { KernelFacts } from '../host/model.ts';
import type { LibvirtMemlock } from './libvirt-memlock.ts';
import type { PlannedDevice } from './planned-device.ts';
import { formatBytes } from './remedies.ts';

/** What the notes are about; bytes. */
export interface MemlockSituation {
  readonly spaces: readonly AddressSpace[];
  readonly devices: readonly PlannedDevice[];
  readonly memory: bigint;
  readonly required: bigint;
  readonly limit: bigint | undefined;
  readonly accounting: 'process' | 'user' | 'process and user' | 'none';
  readonly libvirt: LibvirtMemlock;
  readonly kernel: KernelFacts;
  readonly uid: number;
}

/** Why libvirt's number is another than ours. */
const difference = ({ spaces, devices, memory, required, libvirt }: MemlockSituation): string[] => {
  if (libvirt.bytes === 'unlimited' || libvirt.bytes === required) {
    return [];
  }
  const mediated = devices.length === 1 ? 'a mediated device' : 'mediated devices';
  const ram =
    required === 0n
      ? `it counts RAM for ${mediated}, which pin nothing until their driver asks`
      : required > memory
        ? `it counts RAM once, and ${spaces.length} address spaces pin it ${required / memory} times`
        : undefined;
  const why = ram ?? 'its 1 GiB more is for device memory, which is not charged';
  return [`libvirt would set ${formatBytes(libvirt.bytes)} (${libvirt.formula}): ${why}`];
};

const sharedBudget = ({ accounting, limit, uid }: MemlockSituation): string[] =>
  limit !== undefined && (accounting === 'user' || accounting === 'process and user')
    ? [`all processes of uid ${uid} share what iommufd may pin; how much others use, the kernel shows nowhere`]
    : [];

const deviceMemory = ({ devices, kernel }: MemlockSituation): string[] => {
  if (!chargesDeviceMemory(kernel.release)) {
    return [];
  }
  const bars = devices
    .filter(({ backend }) => backend !== 'type1')
    .flatMap(({ pci }) => pci?.bars ?? [])
    .reduce((sum, { size }) => sum + BigInt(size), 0n);
  return bars === 0n
    ? []
    : [`kernel ${kernel.release} also charges device memory that a guest maps through iommufd: up to ${formatBytes(bars)} more`];
};

/** What a person should know beside the two numbers: one sentence each. */
export const memlockNotes = (situation: MemlockSituation): readonly string[] => [
  ...difference(situation),
  ...sharedBudget(situation),
  ...deviceMemory(situation),
];
