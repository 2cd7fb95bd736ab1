import path from 'node:path';
import type { MediatedDeviceFacts } from './model.ts';
import { readCdev, readGroupNumber } from './read-pci-device.ts';
import type { SystemFiles } from './system-files.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const isUuid = (text: string): boolean => UUID.test(text);

export const mediatedDeviceFolder = (uuid: string): string => `/sys/bus/mdev/devices/${uuid}`;

/**
 * Reads one mediated device from /sys/bus/mdev/devices; the parent is the folder it lies in.
 * @returns undefined when there is no such device, or it went away while it was being read
 */
export const readMediatedDevice = (files: SystemFiles, uuid: string): MediatedDeviceFacts | undefined => {
  const folder = mediatedDeviceFolder(uuid);
  const real = files.realPath(folder);
  const type = files.linkName(`${folder}/mdev_type`);
  const deviceApi = files.text(`${folder}/mdev_type/device_api`);
  if (real === undefined || type === undefined || deviceApi === undefined) return undefined;
  return {
    uuid,
    parent: path.basename(path.dirname(real)),
    type,
    deviceApi,
    group: readGroupNumber(files, folder),
    cdev: readCdev(files, folder),
  };
};
