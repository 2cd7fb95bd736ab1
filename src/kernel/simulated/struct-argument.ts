import type { IoctlArgument } from '../kernel.ts';
import { decode, encode, type StructValues } from '../uapi/codec.ts';
import { STRUCTS, type StructLayout, type StructName } from '../uapi/structs.ts';
import type { AddressSpace } from './address-space.ts';
import { check, errno } from './errno-exception.ts';

/** A struct that a caller handed in. What is written goes to the caller's own memory. */
export interface StructArgument<N extends StructName> {
  readonly values: StructValues<N>;
  /** The caller's memory from the struct's first byte on, as far as the length field says. */
  readonly bytes: Uint8Array;
  readonly write: (changes: Partial<StructValues<N>>) => void;
}

/** More than any ioctl of VFIO or iommufd takes, flexible arrays included. */
const MOST_BYTES = 1 << 16;

/** The memory an ioctl argument points to. @throws ErrnoException EFAULT unless there are at least `least` bytes */
export const argumentBytes = (memory: AddressSpace, argument: IoctlArgument | undefined, least: number): Uint8Array => {
  if (argument === undefined) throw errno('EFAULT');
  const bytes = argument instanceof Uint8Array ? argument : memory.viewUpTo(BigInt(argument), MOST_BYTES);
  check(bytes.length >= least, 'EFAULT');
  return bytes;
};

const firstWord = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);

const structAt = <N extends StructName>(name: N, bytes: Uint8Array): StructArgument<N> => {
  const { size }: StructLayout = STRUCTS[name];
  let values = decode(name, bytes);
  return {
    get values() {
      return values;
    },
    bytes,
    write: (changes) => {
      values = { ...values, ...changes };
      const image = encode(name, values);
      bytes.set(image.subarray(0, Math.min(bytes.length, size)));
    },
  };
};

/**
 * A VFIO struct, which says its length in `argsz`. Bytes that this kernel does not know are ignored.
 * @throws ErrnoException EFAULT for memory that is not there, EINVAL for a length below the least
 */
export const vfioStruct = <N extends StructName>(
  memory: AddressSpace,
  name: N,
  argument: IoctlArgument | undefined,
): StructArgument<N> => {
  const { minimum }: StructLayout = STRUCTS[name];
  const bytes = argumentBytes(memory, argument, minimum);
  const length = firstWord(bytes);
  check(length >= minimum, 'EINVAL');
  return structAt(name, bytes.subarray(0, Math.min(bytes.length, length)));
};

/**
 * An iommufd struct, copied as copy_struct_from_user does: it may be longer than the kernel's if the rest is zero.
 * @param known bytes of the struct in this kernel
 * @throws ErrnoException EFAULT, EINVAL below the least length, E2BIG for a rest that is not zero
 */
export const extensibleStruct = <N extends StructName>(
  memory: AddressSpace,
  name: N,
  argument: IoctlArgument | undefined,
  known: number = STRUCTS[name].size,
): StructArgument<N> => {
  const { minimum }: StructLayout = STRUCTS[name];
  const all = argumentBytes(memory, argument, 4);
  const length = firstWord(all);
  check(length >= minimum, 'EINVAL');
  check(length <= all.length, 'EFAULT');
  check(
    all.subarray(known, length).every((byte) => byte === 0),
    'E2BIG',
  );
  return structAt(name, all.subarray(0, Math.min(length, known)));
};
