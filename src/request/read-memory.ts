import { failure } from '../errors/problem.ts';
import { toUint64 } from '../options/integer.ts';
import type { KeyvalDict } from '../options/keyval.ts';
import { parseMemorySize } from '../options/memory-size.ts';
import { getNumber, getOption, getSize } from '../options/qemu-opts-values.ts';
import { parseSize } from '../options/size.ts';
import type { ParsedOptions } from './read-options.ts';

/** What QEMU gives a machine when `-m` does not say, in bytes (hw/core/machine.c). */
export const DEFAULT_RAM = 128n << 20n;

/** Bytes, and a number of slots; undefined where the command line does not say. */
interface MemoryLimits {
  readonly size: bigint | undefined;
  readonly maximum: bigint | undefined;
  readonly slots: bigint | undefined;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

const MEMBERS = ['size', 'max-size', 'slots'];

const unexpected = (name: string) =>
  failure('PROPERTY_UNKNOWN', `Parameter 'memory.${name}' is unexpected`, { fixes: [`it has ${MEMBERS.join(', ')}`] });

/** What `-machine memory.…` says; `-m` is the usual way to write it (QEMU system/vl.c, parse_memory_options). */
const fromMachine = (machine: KeyvalDict): MemoryLimits => {
  const memory: unknown = machine.get('memory') ?? new Map();
  if (!(memory instanceof Map)) {
    throw failure('SYNTAX', "Parameter 'memory' used inconsistently", { fixes: ['-m SIZE'] });
  }
  const text = (name: string): string | undefined => {
    const value: unknown = memory.get(name);
    if (value !== undefined && typeof value !== 'string') {
      throw failure('PROPERTY_UNKNOWN', `Parameters 'memory.${name}.*' are unexpected`);
    }
    return value;
  };
  const unknown = [...memory.keys()].find((name) => !MEMBERS.includes(String(name)));
  if (unknown !== undefined) {
    throw unexpected(String(unknown));
  }
  const size = (name: string): bigint | undefined => {
    const value = text(name);
    return value === undefined ? undefined : parseSize(`memory.${name}`, value, 'keyval');
  };
  const slots = text('slots');
  const number = slots === undefined ? undefined : toUint64(slots);
  if (typeof number === 'string') {
    throw failure('VALUE_INVALID', "Parameter 'memory.slots' expects integer", { fixes: ['memory.slots=2'] });
  }
  return { size: size('size'), maximum: size('max-size'), slots: number };
};

const checkMaximum = ({ maximum, slots = 0n }: MemoryLimits, size: bigint): void => {
  if (maximum === undefined) {
    if (slots > 0n) {
      throw failure('VALUE_INVALID', 'slots specified but no max-size');
    }
    return;
  }
  if (maximum < size) {
    throw failure(
      'VALUE_INVALID',
      `invalid value of maxmem: maximum memory size (${hex(maximum)}) must be at least the initial memory size (${hex(size)})`,
    );
  }
  if (slots > 0n && maximum === size) {
    throw failure(
      'VALUE_INVALID',
      `invalid value of maxmem: memory slots were specified but maximum memory size (${hex(maximum)}) is equal to the initial memory size (${hex(size)})`,
    );
  }
};

/**
 * The size of guest RAM that is asked for, in bytes; 0 asks for the machine's default.
 * @throws VmattachError in QEMU's words, without a location
 */
export const readMemory = ({ machine, memory }: Pick<ParsedOptions, 'machine' | 'memory'>): bigint => {
  const given = fromMachine(machine);
  const asked = parseMemorySize(getOption(memory, 'size') ?? '0');
  const size = asked === 0n ? parseMemorySize(`${given.size ?? 0n}B`) : asked;
  const limits = {
    size,
    maximum: getSize(memory, 'maxmem') ?? given.maximum,
    slots: getNumber(memory, 'slots') ?? given.slots,
  };
  checkMaximum(limits, size === 0n ? DEFAULT_RAM : size);
  return size;
};
