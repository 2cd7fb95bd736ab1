import { failure } from '../errors/problem.ts';
import type { SysfsAccess } from './sysfs-access.ts';

/** Runs `modprobe MODULE`. @returns what it says when it fails */
export type Modprobe = (module: string) => string | undefined;

/**
 * Loads a module without a shell. The module of a PCI driver has its name; modprobe takes dashes for underscores.
 * `node:child_process` is looked up here because loading it costs every start a millisecond.
 */
export const modprobe: Modprobe = (module) => {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stderr, error } = spawnSync('modprobe', ['--', module], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim() || `modprobe ended with status ${status}`);
};

/** Makes sure that a driver is there. @throws NOT_BOUND */
export const loadDriver = (driver: string, sysfs: SysfsAccess, load: Modprobe): void => {
  if (sysfs.hasDriver(driver)) return;
  const refused = load(driver);
  if (sysfs.hasDriver(driver)) return;
  throw failure('NOT_BOUND', `the kernel has no PCI driver '${driver}'`, {
    subject: driver,
    cause: refused ?? `modprobe ${driver} succeeded, but the driver is not in /sys/bus/pci/drivers`,
    fixes: [
      `modprobe ${driver}`,
      ...(driver === 'vfio-pci' ? ['use a kernel with CONFIG_VFIO_PCI'] : ['check its name: --driver']),
    ],
  });
};
