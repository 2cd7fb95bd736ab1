import { hasReadableRules } from './device-cgroup.ts';
import type { ProcessFacts } from './model.ts';
import type { SystemFiles } from './system-files.ts';

/** Capabilities that decide something about attaching or launching, by bit (linux/capability.h). */
const CAPABILITIES = [
  [1n, 'CAP_DAC_OVERRIDE'],
  [2n, 'CAP_DAC_READ_SEARCH'],
  [6n, 'CAP_SETGID'],
  [7n, 'CAP_SETUID'],
  [12n, 'CAP_NET_ADMIN'],
  [14n, 'CAP_IPC_LOCK'],
  [17n, 'CAP_SYS_RAWIO'],
  [21n, 'CAP_SYS_ADMIN'],
  [24n, 'CAP_SYS_RESOURCE'],
] as const;

const parseStatus = (text: string): ReadonlyMap<string, string> =>
  new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));

const numbers = (text: string | undefined): number[] =>
  (text ?? '')
    .split(/\s+/)
    .filter((part) => part !== '')
    .map(Number);

/**
 * The initial user namespace maps everything to itself. In any other, capabilities are worth nothing to VFIO and to device nodes: the
 * kernel asks for them in the initial one (`capable`).
 */
const isInitialUserNamespace = (files: SystemFiles): boolean => {
  const map = files.text('/proc/self/uid_map');
  return map === undefined || numbers(map).join(' ') === '0 0 4294967295';
};

const effectiveCapabilities = (files: SystemFiles, mask: string): string[] => {
  if (!/^[0-9a-f]+$/.test(mask) || !isInitialUserNamespace(files)) return [];
  const bits = BigInt(`0x${mask}`);
  return CAPABILITIES.flatMap(([position, name]) => (((bits >> position) & 1n) === 1n ? [name] : []));
};

const limit = (text: string | undefined): string => (text !== undefined && /^\d+$/.test(text) ? text : 'unlimited');

/**
 * Facts about this process from /proc/self (proc_pid_status(5), proc_pid_limits(5)): the effective ids, as open(2) uses them, and
 * capabilities as far as the initial user namespace honours them. Without /proc it is nobody with the limit of 8 MiB that Linux starts with.
 */
export const readProcess = (files: SystemFiles): ProcessFacts => {
  const status = parseStatus(files.text('/proc/self/status') ?? '');
  const nobody = 65534;
  const memlock = /^Max locked memory +(\S+) +(\S+)/m.exec(files.text('/proc/self/limits') ?? 'Max locked memory 8388608 8388608');
  return {
    uid: numbers(status.get('Uid'))[1] ?? nobody,
    gid: numbers(status.get('Gid'))[1] ?? nobody,
    groups: numbers(status.get('Groups')),
    capabilities: effectiveCapabilities(files, status.get('CapEff') ?? ''),
    ...(hasReadableRules(files) && { deviceCgroup: 'v1' }),
    memlock: { soft: limit(memlock?.[1]), hard: limit(memlock?.[2]) },
  };
};
