import { failure } from '../errors/problem.ts';
import type { ScannedArgv } from '../options/scan-argv.ts';

/** QEMU's options that `-machine bare` acts on. */
const USED = new Set([
  'machine',
  'M',
  'm',
  'object',
  'device',
  'mem-path',
  'uuid',
  'name',
  'h',
  'help',
  'version',
  'qmp',
  'qmp-pretty',
  'mon',
  'monitor',
  'chardev',
  'add-fd',
  'readconfig',
  'set',
  'global',
  'daemonize',
  'preconfig',
  'pidfile',
]);

/** Options that say nothing about what the built-in machine has: there is no vCPU, firmware, display or default device anyway. */
const WITHOUT_EFFECT = new Set([
  'S',
  'accel',
  'action',
  'boot',
  'cpu',
  'display',
  'enable-kvm',
  'msg',
  'no-reboot',
  'no-shutdown',
  'no-user-config',
  'nodefaults',
  'nographic',
  'only-migratable',
  'overcommit',
  'rtc',
  'sandbox',
  'smp',
  'vga',
]);

/** The process is the user's own choice here; QEMU changes it after everything is opened. */
const CHANGES_USER = new Set(['run-with', 'runas', 'chroot']);

const unsupported = (location: string, cause: string) =>
  failure('OPTION_UNSUPPORTED', 'not supported by -machine bare', {
    location,
    cause,
    fixes: ['leave it out', 'use a machine type of QEMU, e.g. -machine q35'],
  });

/** Refuses what the built-in machine cannot do, instead of ignoring it. @throws OPTION_UNSUPPORTED */
export const checkBareOptions = ({ options, images }: ScannedArgv): void => {
  for (const { name, qemu, location } of options) {
    if (CHANGES_USER.has(name)) {
      throw failure('OPTION_UNSUPPORTED', 'not supported by -machine bare', {
        location,
        cause: 'bare keeps the user and the root folder that it is started with',
        fixes: ['setpriv --reuid UID --regid GID --clear-groups vmattach ..., and pass it the files that it may not open (fd=)'],
      });
    }
    if (qemu !== undefined && !USED.has(name) && !WITHOUT_EFFECT.has(name)) {
      throw unsupported(location, `-${name} configures a part of a full virtual machine; bare holds passed-through devices only`);
    }
  }
  const [image] = images;
  if (image !== undefined) {
    throw unsupported(image.path, 'a word that is no option is a disk image, and bare has no disks');
  }
};
