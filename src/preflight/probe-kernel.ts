import type { BackendName } from '../backends/address-space.ts';
import { CONTAINER_NODE, IOMMUFD_NODE } from '../host/stock-nodes.ts';
import { call } from '../kernel/call.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { OwnedFd } from '../kernel/owned-fd.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { EXTENSION, IOMMU_OPTION_ID, IOMMU_OPTION_OP } from '../kernel/uapi/constants.ts';

/** What the kernel said about one backend when it was asked. */
export interface ProbedBackend {
  readonly backend: BackendName;
  readonly node: string;
  /** Why it cannot be used; undefined when it can. */
  readonly refusal: string | undefined;
  /** By the kernel's names. */
  readonly facts: Readonly<Record<string, string | boolean>>;
}

/** @returns the value, or how the call failed. */
const attempt = <T>(body: () => T): T | SystemCallError => {
  try {
    return body();
  } catch (error) {
    if (error instanceof SystemCallError) return error;
    throw error;
  }
};

const refusalOf = ({ call: name, target, text }: SystemCallError): string =>
  `${name}${name === 'open' ? ` ${target}` : ''}: ${text}`;

const extensions = (kernel: Kernel, fd: number): Record<string, boolean> =>
  Object.fromEntries(
    Object.entries(EXTENSION).map(([name, number]) => {
      const answer = attempt(() => call(kernel, fd, 'VFIO_CHECK_EXTENSION', number).result);
      return [name, typeof answer === 'number' && answer > 0];
    }),
  );

const probeContainer = (kernel: Kernel, fd: number): Pick<ProbedBackend, 'facts' | 'refusal'> => {
  const version = attempt(() => call(kernel, fd, 'VFIO_GET_API_VERSION').result);
  if (version instanceof SystemCallError) {
    return { refusal: refusalOf(version), facts: {} };
  }
  const facts = extensions(kernel, fd);
  const usable = facts['TYPE1_IOMMU'] === true || facts['TYPE1v2_IOMMU'] === true;
  return { refusal: usable ? undefined : 'No available IOMMU models', facts: { VFIO_API_VERSION: String(version), ...facts } };
};

/** A map of nothing: a kernel that knows the call refuses the length, one that does not says ENOTTY. */
const mapsFiles = (kernel: Kernel, iommufd: number): boolean => {
  const answer = attempt(() => call(kernel, iommufd, 'IOMMU_IOAS_MAP_FILE', { fd: -1 }));
  return !(answer instanceof SystemCallError && answer.code === 'ENOTTY');
};

const probeIommufd = (kernel: Kernel, fd: number): Pick<ProbedBackend, 'facts' | 'refusal'> => {
  const limit = attempt(
    () => call(kernel, fd, 'IOMMU_OPTION', { option_id: IOMMU_OPTION_ID.RLIMIT_MODE, op: IOMMU_OPTION_OP.GET }).val64,
  );
  const ioas = attempt(() => call(kernel, fd, 'IOMMU_IOAS_ALLOC').out_ioas_id);
  const facts = {
    IOMMU_IOAS_MAP_FILE: mapsFiles(kernel, fd),
    ...(typeof limit === 'bigint' && { IOMMU_OPTION_RLIMIT_MODE: limit === 0n ? 'user' : 'process' }),
  };
  return { refusal: ioas instanceof SystemCallError ? refusalOf(ioas) : undefined, facts };
};

const probeNode = (
  kernel: Kernel,
  backend: BackendName,
  node: string,
  ask: (kernel: Kernel, fd: number) => Pick<ProbedBackend, 'facts' | 'refusal'>,
): ProbedBackend => {
  const fd = attempt(() => OwnedFd.own(kernel, kernel.open(node, { write: true })));
  if (fd instanceof SystemCallError) {
    return { backend, node, refusal: refusalOf(fd), facts: {} };
  }
  try {
    return { backend, node, ...ask(kernel, fd.number) };
  } finally {
    fd.close();
  }
};

/** Opens the node of each backend, asks, and closes it; no device is touched. */
export const probeKernel = (kernel: Kernel): readonly ProbedBackend[] => [
  probeNode(kernel, 'type1', CONTAINER_NODE, probeContainer),
  probeNode(kernel, 'iommufd', IOMMUFD_NODE, probeIommufd),
  probeNode(kernel, 'iommufd-compat', IOMMUFD_NODE, probeContainer),
];
