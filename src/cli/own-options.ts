import { BACKENDS } from '../backends/address-space.ts';
import type { OwnOption } from '../options/scan-argv.ts';

/** An option of vmattach itself. Parser, help and completion are made from this table. */
export interface OwnOptionDefinition extends OwnOption {
  readonly description: string;
  readonly choices?: readonly string[];
  readonly default?: string;
}

/** What holds where nothing is said. */
export const DEFAULTS = { format: 'text', defaultBackend: 'type1', enableBackends: BACKENDS, logLevel: 'silent' } as const;

export const OWN_OPTIONS: readonly OwnOptionDefinition[] = [
  { name: 'dry-run', description: 'print what would happen and why, and touch nothing' },
  { name: 'check', description: 'attach for real, without a guest, report, detach and exit' },
  {
    name: 'format',
    metavar: 'FORMAT',
    description: 'how a plan or report is printed; the last three draw a plan',
    choices: ['text', 'json', 'dot', 'mermaid', 'svg'],
    default: DEFAULTS.format,
  },
  {
    name: 'host-model',
    metavar: 'FILE',
    description:
      'run on the simulated host that FILE describes instead of this one; plan also takes a folder, answers for each .json in it, and exits with 0 if at least one host can run the launch',
  },
  {
    name: 'default-backend',
    metavar: 'BACKEND',
    description: 'backend of devices that link to no iommufd object',
    choices: ['type1', 'iommufd', 'prefer-iommufd'],
    default: DEFAULTS.defaultBackend,
  },
  {
    name: 'enable-backends',
    metavar: 'LIST',
    description: 'backends that may be used',
    default: DEFAULTS.enableBackends.join(','),
  },
  {
    name: 'qemu',
    metavar: 'PATH',
    description: 'the QEMU that runs machine types other than bare; else $VMATTACH_QEMU, else qemu-system-* in PATH',
  },
  {
    name: 'run-as',
    metavar: 'USER[:GROUP]',
    description: 'run QEMU as this user, without capabilities and groups; what it may not open is opened here and passed',
  },
  { name: 'pass-fds', description: 'open /dev/iommu and the cdevs of devices here and pass them to QEMU by number' },
  {
    name: 'supervise',
    description: 'stay as the parent of QEMU: forward signals and the exit status, explain a failure, take back what was granted',
  },
  {
    name: 'manage-devices',
    description: 'bind the devices and their IOMMU groups to vfio-pci before, and give them back after; implies --supervise',
  },
  { name: 'trace', metavar: 'FILE', description: 'write every kernel call with its time (Chrome trace format)' },
  {
    name: 'log-level',
    metavar: 'LEVEL',
    description: 'log to standard error from this level on',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    default: DEFAULTS.logLevel,
  },
  { name: 'log-file', metavar: 'FILE', description: 'log to FILE instead of standard error' },
];
