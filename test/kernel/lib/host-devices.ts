import { existsSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { unlessGone } from './unless-gone.ts';

export { readRoles } from './roles.ts';

const folder = (address: string): string => `/sys/bus/pci/devices/${address}`;

const linkName = (path: string): string | undefined => unlessGone(() => basename(readlinkSync(path)));

/** The driver a PCI device is bound to, by name. @param address e.g. `0000:00:04.0` */
export const driverOf = (address: string): string | undefined => linkName(`${folder(address)}/driver`);

/** The device's IOMMU group; without an IOMMU there is none. */
export const groupOf = (address: string): number | undefined => {
  const name = linkName(`${folder(address)}/iommu_group`);
  return name === undefined ? undefined : Number(name);
};

/** PCI addresses in an IOMMU group, sorted. */
export const groupMembers = (group: number): readonly string[] =>
  readdirSync(`/sys/kernel/iommu_groups/${group}/devices`).toSorted();

/**
 * Path of the device's VFIO character device. It has one only while a VFIO driver is bound and an IOMMU translates for it:
 * in no-IOMMU mode vfio-dev/vfioK is there too, but without a device number.
 */
export const cdevOf = (address: string): string | undefined => {
  const list = `${folder(address)}/vfio-dev`;
  const name = unlessGone(() => readdirSync(list))?.find((entry) => existsSync(`${list}/${entry}/dev`));
  return name === undefined ? undefined : `/dev/vfio/devices/${name}`;
};

/** `vendor:device`, hexadecimal, as lspci -n prints it. */
export const pciIds = (address: string): string =>
  ['vendor', 'device']
    .map((file) =>
      readFileSync(`${folder(address)}/${file}`, 'utf8')
        .trim()
        .slice(2),
    )
    .join(':');

/** Leaves the device without a driver. */
export const unbind = (address: string): void => {
  if (driverOf(address) !== undefined) writeFileSync(`${folder(address)}/driver/unbind`, address);
};

const probeWith = (address: string, override: string): void => {
  unbind(address);
  writeFileSync(`${folder(address)}/driver_override`, `${override}\n`);
  writeFileSync('/sys/bus/pci/drivers_probe', address);
};

/**
 * Binds a device to a driver of choice, e.g. `vfio-pci` or `pci-stub`. drivers_probe succeeds whatever the probe returns, so the
 * result is looked at.
 * @throws Error if the driver did not take the device; the kernel log has the errno
 */
export const bindTo = (address: string, driver: string): void => {
  if (driverOf(address) === driver) return;
  probeWith(address, driver);
  const bound = driverOf(address);
  if (bound !== driver) throw new Error(`${driver} did not take ${address} (driver now: ${bound ?? 'none'})`);
};

/** {@link bindTo} vfio-pci. */
export const bindToVfio = (address: string): void => bindTo(address, 'vfio-pci');

/** Gives the device back to whichever driver the kernel would choose; an `edu` has none. */
export const restoreDriver = (address: string): void => probeWith(address, '');
