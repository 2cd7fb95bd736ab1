import { defineCommand, type QmpCommand } from '../command-table.ts';
import type { MachineHost } from '../machine-host.ts';

/** QEMU's names of the processor architectures that Node calls otherwise (qapi/machine.json, SysEmuTarget). */
const TARGETS: Readonly<Record<string, string>> = { x64: 'x86_64', ia32: 'i386', arm64: 'aarch64' };

const NO_UUID = '00000000-0000-0000-0000-000000000000';

const queryName = ({ name }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'query-name',
    allowPreconfig: true,
    arguments: [],
    returns: { members: [{ name: 'name', type: 'str', optional: true }] },
    run: () => ({ name }),
  });

const queryUuid = ({ uuid }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'query-uuid',
    allowPreconfig: true,
    arguments: [],
    returns: { members: [{ name: 'UUID', type: 'str' }] },
    run: () => ({ UUID: uuid ?? NO_UUID }),
  });

const queryTarget = defineCommand({
  name: 'query-target',
  arguments: [],
  returns: { members: [{ name: 'arch', type: 'str' }] },
  run: () => ({ arch: TARGETS[process.arch] ?? process.arch }),
});

/** The built-in machine has no vCPU, so nothing for KVM to do. */
const queryKvm = defineCommand({
  name: 'query-kvm',
  arguments: [],
  returns: {
    members: [
      { name: 'enabled', type: 'bool' },
      { name: 'present', type: 'bool' },
    ],
  },
  run: () => ({ enabled: false, present: false }),
});

export const identityCommands = (host: MachineHost): readonly QmpCommand[] => [
  queryName(host),
  queryUuid(host),
  queryTarget,
  queryKvm,
];
