import { failure } from '../errors/problem.ts';
import type { ScannedArgv, ScannedOption } from '../options/scan-argv.ts';
import type { RequestWarning } from './request.ts';

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

const LEAVE_OUT = ['leave it out', 'use a machine type of QEMU, e.g. -machine q35'];

const unsupported = (location: string, cause: string, fixes: readonly string[] = LEAVE_OUT) =>
  failure('OPTION_UNSUPPORTED', 'not supported by -machine bare', { location, cause, fixes });

/** Whoever asks for a seccomp filter must not believe that there is one. */
const warnOfSandbox = ({ name, value = '', location }: ScannedOption, warn: (warning: RequestWarning) => void): void => {
  if (name === 'sandbox' && !/^(enable=)?off(,|$)/.test(value)) {
    warn({ location, message: '-machine bare has no seccomp filter: this option does nothing', hint: [] });
  }
};

/** Refuses what the built-in machine cannot do, instead of ignoring it. @throws OPTION_UNSUPPORTED */
export const checkBareOptions = ({ options, images }: ScannedArgv, warn: (warning: RequestWarning) => void): void => {
  for (const option of options) {
    const { name, qemu, location } = option;
    warnOfSandbox(option, warn);
    if (CHANGES_USER.has(name)) {
      throw unsupported(location, 'bare keeps the user and the root folder that it is started with', [
        'setpriv --reuid UID --regid GID --clear-groups vmattach ..., and pass it the files that it may not open (fd=)',
      ]);
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
