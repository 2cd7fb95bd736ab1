import { createKernelConfig, hasModule, type ConfigValue } from './kernel-config.ts';
import { isKernelAtLeast } from './kernel-release.ts';
import type { KernelFacts, Known, ModuleFacts } from './model.ts';
import { CONTAINER_NODE, IOMMUFD_NODE } from './stock-nodes.ts';
import type { SystemFiles } from './system-files.ts';

/** Modules whose presence decides something, with the parameters that do. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  vfio: ['enable_unsafe_noiommu_mode'],
  vfio_iommu_type1: ['allow_unsafe_interrupts', 'disable_hugepages', 'dma_entry_limit'],
  vfio_pci_core: [],
  vfio_pci: ['ids', 'nointxmask', 'disable_vga', 'disable_idle_d3', 'enable_sriov', 'disable_denylist'],
  vfio_virqfd: [],
  iommufd: ['allow_unsafe_interrupts'],
  irqbypass: [],
  mdev: [],
  kvm: [],
  kvm_intel: [],
  kvm_amd: [],
};

type ConfigLookup = (symbol: string) => ConfigValue | undefined;

const isSet = (value: ConfigValue | undefined): boolean | undefined => (value === undefined ? undefined : value !== 'n');

/**
 * Whether the kernel has iommufd, loaded or not. In order: its node, its misc device, its module; a kernel before 6.2 has none; then the
 * configuration, then the lists of modules; else unknown.
 */
const readIommufd = (files: SystemFiles, release: string, config: ConfigLookup): Known<boolean> => {
  if ([IOMMUFD_NODE, '/sys/class/misc/iommu', '/sys/module/iommufd'].some((path) => files.exists(path))) return true;
  if (!isKernelAtLeast(release, 6, 2)) return false;
  return isSet(config('IOMMUFD')) ?? hasModule(files, release, 'iommufd') ?? 'unknown';
};

/** Character device regions by name (proc(5), /proc/devices). */
const characterDrivers = (files: SystemFiles): ReadonlySet<string> => {
  const [characters = ''] = (files.text('/proc/devices') ?? '').split('\n\n');
  return new Set(characters.split('\n').map((line) => line.trim().split(' ').at(-1) ?? ''));
};

/**
 * Whether vfio makes cdevs. Once loaded it says so itself: it registers `vfio` for groups, and `vfio-dev` for cdevs if it makes any
 * (drivers/vfio/device_cdev.c). Before that the configuration tells; a kernel before 6.6 makes none.
 */
const readVfioCdev = (files: SystemFiles, release: string, config: ConfigLookup): Known<boolean> => {
  const drivers = characterDrivers(files);
  if (drivers.has('vfio-dev')) return true;
  if (drivers.has('vfio') || !isKernelAtLeast(release, 6, 6)) return false;
  return isSet(config('VFIO_DEVICE_CDEV')) ?? 'unknown';
};

/**
 * Who serves /dev/vfio/vfio. Without the node nobody does. The type1 module, loaded, means the native container. Otherwise the build
 * decides, since CONFIG_VFIO_CONTAINER and CONFIG_IOMMUFD_VFIO_CONTAINER exclude each other (drivers/iommu/iommufd/Kconfig); type1 as a
 * module is loaded along with vfio when the node is opened. Without a configuration to read, the lists of modules tell; and with nothing
 * to read at all, vfio running on a kernel with iommufd and without type1 leaves iommufd alone.
 */
const readContainer = (
  files: SystemFiles,
  release: string,
  iommufd: Known<boolean>,
  config: ConfigLookup,
): KernelFacts['container'] => {
  if (!files.exists(CONTAINER_NODE)) return 'none';
  if (files.exists('/sys/module/vfio_iommu_type1')) return 'type1';
  if (isSet(config('IOMMUFD_VFIO_CONTAINER')) === true) return 'iommufd';
  const hasType1 = isSet(config('VFIO_IOMMU_TYPE1')) ?? hasModule(files, release, 'vfio_iommu_type1');
  if (hasType1 === true) return 'type1';
  if (config('VFIO_IOMMU_TYPE1') !== undefined) return 'none';
  if (iommufd === true && (hasType1 === false || files.exists('/sys/class/vfio-dev'))) return 'iommufd';
  return hasType1 === false ? 'none' : 'unknown';
};

/** Reads what the running kernel offers for passing devices through. */
export const readKernel = (files: SystemFiles): KernelFacts => {
  const release = files.text('/proc/sys/kernel/osrelease') ?? '0.0';
  const config = createKernelConfig(files, release);
  const iommufd = readIommufd(files, release, config);
  return {
    release,
    iommufd,
    vfioCdev: readVfioCdev(files, release, config),
    container: readContainer(files, release, iommufd, config),
  };
};

/** The modules that matter and have a folder in /sys/module, with those of their parameters that this process may read. */
export const readModules = (files: SystemFiles): Record<string, ModuleFacts> => {
  const present = Object.entries(MODULES).filter(([name]) => files.exists(`/sys/module/${name}`));
  return Object.fromEntries(
    present.map(([name, known]) => {
      const parameters = known.flatMap((parameter) => {
        const value = files.text(`/sys/module/${name}/parameters/${parameter}`);
        return value === undefined ? [] : [[parameter, value] as const];
      });
      return [name, parameters.length === 0 ? {} : { parameters: Object.fromEntries(parameters) }];
    }),
  );
};
