import { failure } from '../errors/problem.ts';
import { call } from '../kernel/call.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { placeFd } from '../kernel/linux/place-fd.ts';
import { OwnedFd } from '../kernel/owned-fd.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { IOMMU_OPTION_ID, IOMMU_OPTION_OP } from '../kernel/uapi/constants.ts';
import type { OpenedFile } from './plan-privileges.ts';

const CHARGE_PROCESS = 1n;

const notOpened = ({ node, owner }: OpenedFile, error: SystemCallError) =>
  failure(
    error.code === 'EACCES' || error.code === 'EPERM' ? 'PERMISSION' : 'SYSTEM_CALL',
    `Could not open '${node}': ${error.text}`,
    {
      subject: owner,
      cause: `it is to be opened here and passed to QEMU, and ${error.call} failed with ${error.code}`,
      fixes: [`ls -l ${node}`, 'dmesg | tail'],
    },
  );

/** The mode comes before anything else is done with an iommufd: afterwards the kernel refuses it (drivers/iommu/iommufd/main.c). */
const open = (kernel: Kernel, file: OpenedFile): OwnedFd => {
  const fd = OwnedFd.own(kernel, placeFd(kernel.open(file.node, { write: true }), file.fd));
  if (fd.number !== file.fd) throw failure('INTERNAL', `fd ${file.fd} was taken meanwhile`);
  if (file.chargesProcess) {
    call(kernel, fd.number, 'IOMMU_OPTION', {
      option_id: IOMMU_OPTION_ID.RLIMIT_MODE,
      op: IOMMU_OPTION_OP.SET,
      val64: CHARGE_PROCESS,
    });
  }
  return fd;
};

/** Opens what an engine is passed, at the planned numbers. Nothing stays open when it fails. @throws PERMISSION, SYSTEM_CALL */
export const openFiles = (kernel: Kernel, files: readonly OpenedFile[]): readonly OwnedFd[] => {
  const opened: OwnedFd[] = [];
  for (const file of files) {
    try {
      opened.push(open(kernel, file));
    } catch (error) {
      opened.forEach((fd) => fd.close());
      throw error instanceof SystemCallError ? notOpened(file, error) : error;
    }
  }
  return opened;
};
