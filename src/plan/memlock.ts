import type { AddressSpace } from '../backends/address-space.ts';
import type { Problem } from '../errors/problem.ts';
import type { ProcessFacts } from '../host/model.ts';
import { memlockTooLow } from './remedies.ts';

/** How much memory the launch locks, and whether it may. */
export interface MemlockPlan {
  /** Bytes; what the counter that is checked must allow. */
  readonly required: bigint;
  /** Bytes; undefined is unlimited. */
  readonly limit: bigint | undefined;
  /** Who is charged. `none`: CAP_IPC_LOCK lifts the check. */
  readonly accounting: 'process' | 'user' | 'process and user' | 'none';
  readonly sufficient: boolean;
}

const parseLimit = (limit: number | string): bigint | undefined => (limit === 'unlimited' ? undefined : BigInt(limit));

const pinned = (spaces: readonly AddressSpace[]): bigint =>
  spaces
    .filter(({ devices }) => devices.some(({ mediated }) => !mediated))
    .flatMap(({ sections }) => sections)
    .reduce((sum, { size }) => sum + size, 0n);

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/**
 * type1 charges the process, iommufd the user who opened it (all of his processes together), both against RLIMIT_MEMLOCK
 * (drivers/vfio/vfio_iommu_type1.c, drivers/iommu/iommufd/pages.c). Emulated devices pin nothing up front.
 */
export const planMemlock = (spaces: readonly AddressSpace[], process: ProcessFacts): MemlockPlan => {
  const byProcess = pinned(spaces.filter(({ backend }) => backend === 'type1'));
  const byUser = pinned(spaces.filter(({ backend }) => backend !== 'type1'));
  const required = larger(byProcess, byUser);
  const limit = parseLimit(process.memlock.soft);
  if (process.capabilities.includes('CAP_IPC_LOCK')) {
    return { required, limit, accounting: 'none', sufficient: true };
  }
  const accounting = byUser === 0n ? 'process' : byProcess === 0n ? 'user' : 'process and user';
  return { required, limit, accounting, sufficient: limit === undefined || required <= limit };
};

export const checkMemlock = (memlock: MemlockPlan, spaces: readonly AddressSpace[]): Problem[] => {
  const [space] = spaces;
  if (memlock.sufficient || memlock.limit === undefined || space === undefined) {
    return [];
  }
  const [device] = space.devices;
  const block = space.sections[0]?.block ?? '';
  return [
    {
      ...memlockTooLow(memlock.required, memlock.limit, memlock.accounting),
      severity: 'error',
      subject: device.path,
      message: `vfio ${device.name}: memory listener initialization failed: Region ${block}: Cannot allocate memory`,
      location: device.location,
    },
  ];
};
