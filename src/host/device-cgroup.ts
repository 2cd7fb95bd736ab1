import type { SystemFiles } from './system-files.ts';

/** One line of `devices.list`: `c 10:196 rw`, with `*` for any number. */
interface DeviceRule {
  readonly major: string;
  readonly minor: string;
}

const CONTROLLER = '/sys/fs/cgroup/devices';

/** A rule for character devices that lets them be read and written; `a *:* rwm` stands for no limit. */
const parseRule = (line: string): DeviceRule[] => {
  const match = /^([ac]) (\d+|\*):(\d+|\*) (\w+)$/.exec(line);
  const [, , major, minor, access = ''] = match ?? [];
  return major === undefined || minor === undefined || !/r.*w/.test(access) ? [] : [{ major, minor }];
};

/** Whether rules can be read at all; it hardly changes, the rules do. */
export const hasReadableRules = (files: SystemFiles): boolean => files.exists(CONTROLLER);

/**
 * What the device cgroup lets this process open, by `major:minor`. Only cgroup v1 shows its rules (Documentation/admin-guide/cgroup-v1/
 * devices.rst); in v2 they are BPF programs, and only an attempt tells.
 * @returns undefined when the rules cannot be read
 */
export const readDeviceCgroup = (files: SystemFiles): ((device: string) => boolean) | undefined => {
  const path = /^\d+:(?:[^:]*,)?devices(?:,[^:]*)?:(.*)$/m.exec(files.text('/proc/self/cgroup') ?? '')?.[1];
  if (path === undefined) return undefined;
  // Inside a container the path counts from the host's root, while only the own cgroup is mounted.
  const list = files.text(`${CONTROLLER}${path}/devices.list`) ?? files.text(`${CONTROLLER}/devices.list`);
  if (list === undefined) return undefined;
  const rules = list.split('\n').flatMap(parseRule);
  return (device) => {
    const [major = '', minor = ''] = device.split(':');
    return rules.some((rule) => (rule.major === '*' || rule.major === major) && (rule.minor === '*' || rule.minor === minor));
  };
};
