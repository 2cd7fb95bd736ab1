import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import path from 'node:path';
import { pciDeviceFolder } from '../host/read-pci-device.ts';
import { createSystemFiles } from '../host/system-files.ts';
import { driverFolder } from './device-writes.ts';
import { readOverride } from './read-binding-facts.ts';

/** What carrying out a binding plan needs of sysfs. */
export interface SysfsAccess {
  /** One write(2) of the value and a line feed. @throws the system's error */
  readonly write: (file: string, value: string) => Promise<void>;
  /** @throws the system's error if this process may not write the file */
  readonly checkWritable: (file: string) => Promise<void>;
  readonly driver: (address: string) => string | null;
  readonly override: (address: string) => string | null;
  readonly hasDriver: (driver: string) => boolean;
}

const writeOnce = async (file: string, value: string): Promise<void> => {
  const handle = await open(file, constants.O_WRONLY);
  try {
    await handle.write(`${value}\n`);
  } finally {
    await handle.close();
  }
};

/**
 * Writes go through other threads: a driver may take seconds to let go of its device, and a signal must still be heard.
 * @param root folder that stands for `/`
 */
export const createSysfsAccess = (root = '/'): SysfsAccess => {
  const files = createSystemFiles(root);
  return {
    write: (file, value) => writeOnce(path.join(root, file), value),
    checkWritable: (file) => access(path.join(root, file), constants.W_OK),
    driver: (address) => files.linkName(`${pciDeviceFolder(address)}/driver`) ?? null,
    override: (address) => readOverride(files, address),
    hasDriver: (driver) => files.exists(driverFolder(driver)),
  };
};
