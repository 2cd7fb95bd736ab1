import type { FdFacts, HostModel } from '../host/model.ts';
import { call } from '../kernel/call.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { IOMMU_OPTION_ID, IOMMU_OPTION_OP } from '../kernel/uapi/constants.ts';

/** Undefined when the kernel does not say. */
const limitMode = (kernel: Kernel, fd: number): FdFacts['rlimitMode'] => {
  try {
    const values = { option_id: IOMMU_OPTION_ID.RLIMIT_MODE, op: IOMMU_OPTION_OP.GET };
    return call(kernel, fd, 'IOMMU_OPTION', values).val64 === 0n ? 'user' : 'process';
  } catch (error) {
    if (error instanceof SystemCallError) {
      return undefined;
    }
    throw error;
  }
};

/**
 * The facts with the limit mode of every passed iommufd, which takes an ioctl that changes nothing (drivers/iommu/iommufd/main.c).
 * @param openKernel called only when there is such an fd
 */
export const withLimitModes = (facts: HostModel, openKernel: () => Kernel): HostModel => {
  const fds = Object.entries(facts.fds ?? {});
  if (!fds.some(([, { kind }]) => kind === 'iommufd')) {
    return facts;
  }
  const kernel = openKernel();
  const asked = fds.map(([number, fd]): [string, FdFacts] => {
    const rlimitMode = fd.kind === 'iommufd' ? limitMode(kernel, Number(number)) : undefined;
    return [number, rlimitMode === undefined ? fd : { ...fd, rlimitMode }];
  });
  return { ...facts, fds: Object.fromEntries(asked) };
};
