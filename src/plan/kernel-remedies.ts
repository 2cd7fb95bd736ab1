import { isKernelAtLeast } from '../host/kernel-release.ts';
import type { KernelFacts, ModuleFacts } from '../host/model.ts';
import { CONTAINER_NODE, IOMMUFD_NODE } from '../host/stock-nodes.ts';
import type { Remedy } from './remedy.ts';

const KERNEL_WITH_IOMMUFD = [6, 2] as const;
const KERNEL_WITH_CDEV = [6, 6] as const;
const KERNEL_WITH_TOKEN = [6, 19] as const;

/** The other backend is a way out only where the kernel has it. */
const throughType1 = ({ container }: KernelFacts): readonly string[] =>
  container === 'none' ? [] : ['attach through type1: leave iommufd= out'];

const throughIommufd = ({ iommufd }: KernelFacts): readonly string[] =>
  iommufd === false ? [] : ['attach through iommufd: -object iommufd,id=iommufd0 and iommufd=iommufd0'];

const FULL_KERNEL = 'use a kernel with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV';

/** Debian's own kernels: `6.12.95+deb13-amd64`, `6.1.0-18-cloud-amd64`. */
const DEBIAN_RELEASE = /[.+~-]deb\d+|-(?:amd64|arm64)$/;

/** Debian's kernels up to 7.2 were looked at: none has CONFIG_IOMMUFD. */
const distributionFact = (release: string): string =>
  DEBIAN_RELEASE.test(release) && !isKernelAtLeast(release, 7, 3) ? '; stock Debian kernels come without it' : '';

const tooOldForIommufd = (kernel: KernelFacts): Remedy => ({
  code: 'KERNEL_TOO_OLD',
  subject: IOMMUFD_NODE,
  cause: `kernel ${kernel.release} has no iommufd, which came with Linux 6.2, and the cdevs for it with 6.6`,
  fixes: ['use Linux 6.6 or later', ...throughType1(kernel)],
});

/** /dev/iommu is not there. @param modules those with a folder in /sys/module */
export const noIommufd = (kernel: KernelFacts, modules: Readonly<Record<string, ModuleFacts>> = {}): Remedy => {
  const { release, iommufd } = kernel;
  const missing = (cause: string, fixes: readonly string[]): Remedy => ({
    code: 'IOMMUFD_MISSING',
    subject: IOMMUFD_NODE,
    cause,
    fixes: [...fixes, ...throughType1(kernel)],
  });
  if (iommufd === true) {
    return modules['iommufd'] === undefined
      ? missing(`kernel ${release} has iommufd, but the module iommufd is not loaded`, ['modprobe iommufd'])
      : missing(`kernel ${release} has iommufd, but the node ${IOMMUFD_NODE} is not there`, [
          `mknod -m 660 ${IOMMUFD_NODE} c $(tr : ' ' < /sys/class/misc/iommu/dev)`,
          `in a container: pass it with --device ${IOMMUFD_NODE}`,
        ]);
  }
  if (!isKernelAtLeast(release, ...KERNEL_WITH_IOMMUFD)) {
    return tooOldForIommufd(kernel);
  }
  const fact = distributionFact(release);
  return iommufd === false
    ? missing(`kernel ${release} was built without iommufd (CONFIG_IOMMUFD)${fact}`, [FULL_KERNEL])
    : missing(`kernel ${release} was built without CONFIG_IOMMUFD, or the module iommufd is not loaded${fact}`, [
        'modprobe iommufd',
        FULL_KERNEL,
      ]);
};

/** VFIO has the device and made no cdev for it. */
export const noCdev = (kernel: KernelFacts): Remedy => {
  const { release, iommufd, vfioCdev } = kernel;
  if (vfioCdev === true) {
    return {
      code: 'CDEV_MISSING',
      cause: `kernel ${release} makes VFIO cdevs, but the driver of this device registered none`,
      fixes: ['dmesg | grep vfio', ...throughType1(kernel)],
    };
  }
  if (iommufd === false) {
    return noIommufd(kernel);
  }
  const recent = isKernelAtLeast(release, ...KERNEL_WITH_CDEV);
  return {
    code: recent ? 'CDEV_MISSING' : 'KERNEL_TOO_OLD',
    subject: '/dev/vfio/devices',
    cause: recent
      ? `kernel ${release} makes no VFIO cdevs: it was built without CONFIG_VFIO_DEVICE_CDEV`
      : `kernel ${release} makes no VFIO cdevs; they came with Linux 6.6`,
    fixes: [recent ? FULL_KERNEL : 'use Linux 6.6 or later', ...throughType1(kernel)],
  };
};

/** /dev/vfio/vfio is not there. */
export const noType1 = (kernel: KernelFacts): Remedy => ({
  code: 'TYPE1_MISSING',
  subject: CONTAINER_NODE,
  cause: `${CONTAINER_NODE} is missing: the module vfio is not loaded, or the kernel has no VFIO container`,
  fixes: ['modprobe vfio-pci vfio_iommu_type1', ...throughIommufd(kernel)],
});

/** The container is there and has no IOMMU driver behind it. */
export const noIommuDriver = (kernel: KernelFacts): Remedy => ({
  code: 'TYPE1_MISSING',
  subject: CONTAINER_NODE,
  cause: `kernel ${kernel.release} has ${CONTAINER_NODE}, but no type1 driver behind it (CONFIG_VFIO_IOMMU_TYPE1)`,
  fixes: ['modprobe vfio_iommu_type1', ...throughIommufd(kernel)],
});

export const bindTakesToken = ({ release }: KernelFacts): boolean => isKernelAtLeast(release, ...KERNEL_WITH_TOKEN);

/** Before 6.17 the bind of a cdev looks at no token at all (drivers/vfio/device_cdev.c). */
export const bindChecksToken = ({ release }: KernelFacts): boolean => isKernelAtLeast(release, 6, 17);

/** A VF token for a device that is attached by its cdev: 6.17 and 6.18 refuse the longer struct with E2BIG, older kernels the flag with EINVAL. */
export const tokenTooNew = ({ release }: KernelFacts): Remedy => ({
  code: 'KERNEL_TOO_OLD',
  cause: `kernel ${release} cannot take a VF token when a cdev is bound; it works from Linux 6.19 on`,
  fixes: ['leave iommufd= out: through type1 the token works', 'use Linux 6.19 or later'],
});
