import { failure } from '../errors/problem.ts';
import { parseBoolean } from '../options/boolean.ts';
import { parseSigned } from '../options/integer.ts';
import type { KeyvalDict } from '../options/keyval.ts';
import { OPTION_GROUPS } from '../options/option-groups.ts';
import type { OptionDescriptor } from '../options/qemu-opts.ts';

const checkText = ({ type }: OptionDescriptor, name: string, value: string): void => {
  if (type === 'bool') {
    parseBoolean(name, value);
  }
  if (type === 'number') {
    parseSigned(name, value);
  }
};

/** Known members first, as QEMU's visitor meets them, then what is left over. */
const checkMembers = (property: string, dict: KeyvalDict, members: readonly OptionDescriptor[]): void => {
  for (const member of members) {
    const name = `${property}.${member.name}`;
    const value = dict.get(member.name);
    if (typeof value === 'string') {
      checkText(member, name, value);
    } else if (value !== undefined) {
      throw failure('PROPERTY_UNKNOWN', `Parameters '${name}.*' are unexpected`);
    }
  }
  const unknown = [...dict.keys()].find((key) => !members.some(({ name }) => name === key));
  if (unknown !== undefined) {
    throw failure('PROPERTY_UNKNOWN', `Parameter '${property}.${unknown}' is unexpected`, {
      fixes: [`it has ${members.map(({ name }) => name).join(', ')}`],
    });
  }
};

/** Drives are letters, each at most once; which of them boot, the machine knows (QEMU system/bootdevice.c validate_bootdevices). */
const checkDrives = (property: string, drives: string): void => {
  const seen = new Set<string>();
  for (const drive of drives) {
    if (!/[a-p]/.test(drive)) {
      throw failure('VALUE_INVALID', `Invalid boot device '${drive}'`, {
        cause: `-boot ${property}= takes letters from a to p, one for each drive`,
        fixes: [`${property}=c`],
      });
    }
    if (seen.has(drive)) {
      throw failure('VALUE_INVALID', `Boot device '${drive}' was given twice`, { fixes: [`leave one '${drive}' out`] });
    }
    seen.add(drive);
  }
};

/** A member of `-machine` that has members itself. @throws VALUE_INVALID when it is a plain value */
const membersOf = (machine: KeyvalDict, property: string): KeyvalDict => {
  const value = machine.get(property);
  if (value !== undefined && !(value instanceof Map)) {
    throw failure('VALUE_INVALID', `Invalid parameter type for '${property}', expected: object`, {
      fixes: [`-machine ${property}.NAME=VALUE`, `-${property}`],
    });
  }
  return value ?? new Map();
};

/** @throws VmattachError without a location: `-boot` is a property of the machine (QEMU hw/core/machine.c) */
export const checkBoot = (machine: KeyvalDict): void => {
  const boot = membersOf(machine, 'boot');
  checkMembers('boot', boot, OPTION_GROUPS['boot-opts'] ?? []);
  for (const property of ['order', 'once']) {
    const drives = boot.get(property);
    if (typeof drives === 'string') {
      checkDrives(property, drives);
    }
  }
};

/** What every machine refuses of `-smp`; what one machine supports, the engine knows (QEMU hw/core/machine-smp.c). */
export const checkCpuTopology = (machine: KeyvalDict): void => {
  const smp = membersOf(machine, 'smp');
  checkMembers('smp', smp, OPTION_GROUPS['smp-opts'] ?? []);
  const zero = [...smp].find(([, value]) => typeof value === 'string' && parseSigned('smp', value) === 0n);
  if (zero !== undefined) {
    throw failure('VALUE_INVALID', 'Invalid CPU topology: CPU topology parameters must be greater than zero', {
      cause: `-smp says ${zero[0]}=0`,
      fixes: [`give a number of at least 1, or leave ${zero[0]} out`],
    });
  }
};
