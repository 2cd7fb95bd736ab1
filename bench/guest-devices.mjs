import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PROFILES = path.resolve(import.meta.dirname, '..', 'test/kernel/profiles.json');

/** @param {string} role a device of the test guest. @returns its PCI address */
export const addressOf = (role) => JSON.parse(readFileSync(PROFILES, 'utf8')).roles[role].address;

/** Gives a device to vfio, whatever driver it has. */
export const bindToVfio = (address) => {
  const folder = `/sys/bus/pci/devices/${address}`;
  writeFileSync(`${folder}/driver_override`, 'vfio-pci');
  if (existsSync(`${folder}/driver`)) writeFileSync(`${folder}/driver/unbind`, address);
  writeFileSync('/sys/bus/pci/drivers_probe', address);
};
