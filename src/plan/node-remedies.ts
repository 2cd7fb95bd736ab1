import { canOpen } from '../host/can-open.ts';
import type { NodeFacts, NodeHolder, ProcessFacts } from '../host/model.ts';
import type { Remedy } from './remedy.ts';

/** Where sysfs tells the number of a VFIO node: the class is named by the kind of node. */
const sysfsOf = (path: string): string => path.replace(/^\/dev\/vfio\/devices\//, 'vfio-dev/').replace(/^\/dev\/vfio\//, 'vfio/');

/** A node that the kernel made (drivers/vfio/vfio_main.c) and that is gone, or was never given to this container. */
export const missingNode = (path: string): Remedy => ({
  code: 'CDEV_MISSING',
  subject: path,
  cause: `the kernel has the device, but the node ${path} is not there`,
  fixes: [`mknod -m 600 ${path} c $(tr : ' ' < /sys/class/${sysfsOf(path)}/dev)`, `in a container: pass it with --device ${path}`],
});

/** @param known whether the rules could be read; otherwise a security module may as well be the reason */
export const deviceCgroup = (path: string, known = false): Remedy => ({
  code: 'PERMISSION',
  subject: path,
  cause: known
    ? `the device cgroup of this process does not allow ${path}, whatever its mode says`
    : `the mode of ${path} allows it, but open was refused: a device cgroup or a security module denies it`,
  fixes: [
    `in a container: pass it with --device ${path}; for a systemd unit: DeviceAllow=${path} rw`,
    ...(known ? [] : ['dmesg | grep -i -e apparmor -e avc']),
  ],
});

/** Undefined when mode and known rules let the process in. */
export const noPermission = (path: string, node: NodeFacts, process: ProcessFacts): Remedy | undefined => {
  const answer = canOpen(node, process);
  if (answer.allowed) {
    return node.deniedByCgroup === true ? deviceCgroup(path, true) : undefined;
  }
  return {
    code: 'PERMISSION',
    subject: path,
    cause: `${path}: ${answer.reason}`,
    fixes: [`chown ${process.uid} ${path}`, 'start as root'],
  };
};

/** Devices that VFIO runs without an IOMMU ask for more than the mode of their node (drivers/vfio/group.c). */
export const noRawIo = (path: string): Remedy => ({
  code: 'PERMISSION',
  subject: path,
  cause: `${path} is of a device without IOMMU, which only a process with CAP_SYS_RAWIO may use`,
  fixes: ['enable the IOMMU', 'start with CAP_SYS_RAWIO'],
});

export const busy = (path: string, holder: NodeHolder | undefined): Remedy => ({
  code: 'BUSY',
  subject: path,
  cause:
    holder === undefined
      ? `${path} is in use by another process that could not be identified from here`
      : `${path} is held by process ${holder.pid} (${holder.command})`,
  fixes: holder === undefined ? [`fuser -v ${path}`] : [`stop process ${holder.pid}`],
});
