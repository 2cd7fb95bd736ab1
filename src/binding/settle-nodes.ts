import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

const UDEV = '/run/udev/control';
const SECONDS = 10;

/**
 * Waits until udev has done with the devices that were just bound: it sets owner and mode of their nodes some time after the kernel has made
 * them, over whatever was set meanwhile. Without udev there is nothing to wait for, and a udev that hangs is waited for no longer.
 */
export const settleNodes = (): Promise<void> =>
  existsSync(UDEV)
    ? new Promise((resolve) => {
        execFile('udevadm', ['settle', `--timeout=${SECONDS}`], () => resolve());
      })
    : Promise.resolve();
