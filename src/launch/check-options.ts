import { failure } from '../errors/problem.ts';
import type { Problem } from '../errors/problem.ts';
import type { ProcessFacts } from '../host/model.ts';
import type { ScannedOption } from '../options/scan-argv.ts';

/** What the options about the engine's process say. */
export interface ProcessOptions {
  readonly runAs: string | undefined;
  readonly passFds: boolean;
  readonly supervise: boolean;
  readonly manageDevices: boolean;
}

const ENGINE_ONLY: ReadonlySet<string> = new Set(['run-as', 'pass-fds', 'supervise']);

/** @throws OPTION_UNSUPPORTED: the built-in machine is vmattach itself */
export const refuseForBuiltIn = (options: readonly ScannedOption[]): void => {
  const option = options.find(({ name, qemu }) => qemu === undefined && ENGINE_ONLY.has(name));
  if (option === undefined) return;
  throw failure('OPTION_UNSUPPORTED', `--${option.name} is not supported by -machine bare`, {
    location: option.location,
    cause: 'it is about the process of QEMU; the built-in machine is held by vmattach itself',
    fixes: [`leave --${option.name} out`, 'use a machine type of QEMU, e.g. -machine q35'],
  });
};

/** @throws CONFLICT: who goes to the background has no parent that waits for it */
export const refuseDaemon = (options: readonly ScannedOption[], { supervise, manageDevices }: ProcessOptions): void => {
  const daemonize = options.find(({ name, qemu }) => name === 'daemonize' && qemu !== undefined);
  if (daemonize === undefined || !supervise) return;
  const option = manageDevices ? '--manage-devices' : '--supervise';
  throw failure('CONFLICT', `-daemonize and ${option} exclude each other`, {
    location: daemonize.location,
    cause: 'QEMU leaves its parent with -daemonize, and vmattach stays as the parent to take back what it did for QEMU',
    fixes: ['leave -daemonize out and start vmattach in the background: systemd-run vmattach ...', `leave ${option} out`],
  });
};

/** Only root, or who has these capabilities, can become another user. */
export const mayChangeUser = ({ uid, capabilities }: ProcessFacts): boolean =>
  uid === 0 || (capabilities.includes('CAP_SETUID') && capabilities.includes('CAP_SETGID'));

export const notRoot = (runAs: string, { uid }: ProcessFacts): Problem => ({
  code: 'PERMISSION',
  severity: 'error',
  location: `--run-as ${runAs}`,
  message: 'only root can run QEMU as another user',
  cause: `this process is uid ${uid} without CAP_SETUID and CAP_SETGID`,
  fixes: ['start as root', 'leave --run-as out: QEMU then runs as you'],
});

/** Drivers are changed by writing to files of root in sysfs. */
export const mayBind = ({ uid, capabilities }: ProcessFacts): boolean => uid === 0 || capabilities.includes('CAP_DAC_OVERRIDE');

export const notBinder = ({ uid }: ProcessFacts): Problem => ({
  code: 'PERMISSION',
  severity: 'error',
  location: '--manage-devices',
  message: 'only root may change drivers',
  cause: `this process is uid ${uid}, and the devices are to be bound to vfio-pci`,
  fixes: ['start as root', 'as root: vmattach bind ADDRESS, and then leave --manage-devices out'],
});
