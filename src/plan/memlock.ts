import type { AddressSpace, AttachDevice } from '../backends/address-space.ts';
import type { Problem } from '../errors/problem.ts';
import type { HostModel } from '../host/model.ts';
import { libvirtMemlock, type LibvirtMemlock } from './libvirt-memlock.ts';
import { memlockNotes } from './memlock-notes.ts';
import type { PlannedDevice } from './planned-device.ts';
import { formatBytes } from './remedies.ts';
import type { Remedy } from './remedy.ts';

/** How much memory the launch locks, and whether it may. */
export interface MemlockPlan {
  /** Bytes; what the counter that is checked must allow. */
  readonly required: bigint;
  /** Bytes; undefined is unlimited. */
  readonly limit: bigint | undefined;
  /** Bytes to which the process may raise its limit by itself; undefined is unlimited. */
  readonly hardLimit: bigint | undefined;
  /** Who is charged. `none`: CAP_IPC_LOCK lifts the check. */
  readonly accounting: 'process' | 'user' | 'process and user' | 'none';
  readonly sufficient: boolean;
  /** The limit that libvirt would set for the same devices and RAM. */
  readonly libvirt: LibvirtMemlock;
  /** Why libvirt's number is another, and what else counts; sentences for people. */
  readonly notes: readonly string[];
}

const parseLimit = (limit: number | string): bigint | undefined => (limit === 'unlimited' ? undefined : BigInt(limit));

/** Emulated devices pin nothing up front. */
export const locksRam = ({ devices }: { readonly devices: readonly Pick<AttachDevice, 'mediated'>[] }): boolean =>
  devices.some(({ mediated }) => !mediated);

/**
 * Whether RAM is locked for an address space for which it was not before.
 * @param before those of a machine that runs
 */
export const locksMore = (spaces: readonly AddressSpace[], before: readonly AddressSpace[] = []): boolean => {
  const locked = new Set(before.filter(locksRam).map(({ id }) => id));
  return spaces.some((space) => locksRam(space) && !locked.has(space.id));
};

const pinned = (spaces: readonly AddressSpace[]): bigint =>
  spaces
    .filter(locksRam)
    .flatMap(({ sections }) => sections)
    .reduce((sum, { size }) => sum + size, 0n);

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

const chargesUser = ({ object }: AddressSpace): boolean => object?.accounting === 'user';

/**
 * type1 charges the process (mm->locked_vm), an iommufd the user who opened it with all his processes, or the process in
 * RLIMIT_MODE 1; each counter is held against RLIMIT_MEMLOCK (drivers/vfio/vfio_iommu_type1.c, drivers/iommu/iommufd/pages.c). RAM
 * counts once for each address space. Emulated devices pin nothing up front.
 * @param memory bytes of guest RAM
 */
export const planMemlock = (
  spaces: readonly AddressSpace[],
  devices: readonly PlannedDevice[],
  memory: bigint,
  { process, kernel }: HostModel,
): MemlockPlan => {
  const byUser = pinned(spaces.filter(chargesUser));
  const byProcess = pinned(spaces.filter((space) => !chargesUser(space)));
  const required = larger(byProcess, byUser);
  const limit = parseLimit(process.memlock.soft);
  const isExempt = process.capabilities.includes('CAP_IPC_LOCK');
  const accounting = isExempt ? 'none' : byUser === 0n ? 'process' : byProcess === 0n ? 'user' : 'process and user';
  const libvirt = libvirtMemlock({ memory, vfioDevices: devices.length });
  return {
    required,
    limit,
    hardLimit: parseLimit(process.memlock.hard),
    accounting,
    sufficient: isExempt || limit === undefined || required <= limit,
    libvirt,
    notes: memlockNotes({ spaces, devices, memory, required, limit, accounting, libvirt, kernel, uid: process.uid }),
  };
};

const raiseLimit = (required: bigint, hardLimit: bigint | undefined): string =>
  hardLimit === undefined || required <= hardLimit
    ? `ulimit -l ${(required + 1023n) / 1024n}`
    : `as root, in the shell that starts vmattach: ulimit -l ${(required + 1023n) / 1024n}`;

/** ENOMEM, foreseen or met. With a limit that seems enough, others of the same user have taken the rest. */
export const memlockTooLow = ({ required, limit = 0n, hardLimit, accounting }: MemlockPlan): Remedy => {
  const shared = accounting === 'process' || accounting === 'none' ? '' : ', together with all other processes of the user';
  return {
    code: 'MEMLOCK_TOO_LOW',
    subject: 'RLIMIT_MEMLOCK',
    cause: `${formatBytes(required)} of guest RAM must be locked, the limit (RLIMIT_MEMLOCK, counted per ${accounting === 'none' ? 'process' : accounting}${shared}) is ${formatBytes(limit)}`,
    fixes: [raiseLimit(required, hardLimit), `systemd: LimitMEMLOCK=${required}`, 'start with CAP_IPC_LOCK'],
  };
};

export const checkMemlock = (memlock: MemlockPlan, spaces: readonly AddressSpace[]): Problem[] => {
  const [space] = spaces;
  if (memlock.sufficient || space === undefined) {
    return [];
  }
  const [device] = space.devices;
  const block = space.sections[0]?.block ?? '';
  return [
    {
      ...memlockTooLow(memlock),
      severity: 'error',
      message: `vfio ${device.name}: memory listener initialization failed: Region ${block}: Cannot allocate memory`,
      location: device.location,
    },
  ];
};
