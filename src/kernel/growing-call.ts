import { callWithBytes } from './call.ts';
import { failure } from '../errors/problem.ts';
import type { Kernel } from './kernel.ts';
import { decode, encode, type StructValues } from './uapi/codec.ts';
import { IOCTLS, type IoctlName } from './uapi/ioctls.ts';
import { STRUCTS, type StructName } from './uapi/structs.ts';

/** The ioctls that answer with a longer `argsz` when capabilities do not fit. */
type GrowingIoctl = 'VFIO_DEVICE_GET_INFO' | 'VFIO_DEVICE_GET_REGION_INFO' | 'VFIO_DEVICE_GET_IRQ_INFO' | 'VFIO_IOMMU_GET_INFO';

type GrowingStruct<N extends GrowingIoctl> = (typeof IOCTLS)[N]['argument'];

/** A region has a few capabilities of some tens of bytes; a megabyte is not an answer of a sane kernel. */
const LARGEST = 1 << 20;

const tooLong = (name: IoctlName, length: number): Error =>
  failure('INTERNAL', `${name}: the kernel asks for a struct of ${length} bytes`);

/**
 * An info ioctl with room for all that the kernel has to say: called again with the length it answers until that fits
 * (linux/vfio.h, struct vfio_info_cap_header).
 * @returns the whole struct with the capabilities behind it
 * @throws SystemCallError; VmattachError when the length grows past 1 MiB
 */
export const callGrowing = <N extends GrowingIoctl>(
  kernel: Kernel,
  fd: number,
  name: N,
  values: Partial<Readonly<StructValues<GrowingStruct<N>>>> = {},
): Uint8Array => {
  const struct: GrowingStruct<N> = IOCTLS[name].argument;
  const { size } = STRUCTS[struct];
  let length: number = size;
  for (;;) {
    const bytes = encode(struct, values, { trailing: length - size });
    callWithBytes(kernel, fd, name, bytes);
    const { argsz } = decode<StructName & GrowingStruct<GrowingIoctl>>(struct, bytes);
    if (argsz <= length) return bytes;
    if (argsz > LARGEST) throw tooLong(name, argsz);
    length = argsz;
  }
};

export interface Capability {
  readonly id: number;
  readonly version: number;
  /** Bytes from the start of the struct to this capability's header. */
  readonly offset: number;
}

/**
 * Walks the capabilities behind an info struct, in the order of the chain.
 * @param firstOffset `cap_offset` of the struct; 0 is an empty chain
 * @throws VmattachError for a chain that leaves the bytes or comes back to where it was
 */
export const readCapabilityChain = (bytes: Uint8Array, firstOffset: number): readonly Capability[] => {
  const capabilities: Capability[] = [];
  const seen = new Set<number>();
  for (let offset = firstOffset; offset !== 0;) {
    if (offset + STRUCTS.vfio_info_cap_header.size > bytes.length) {
      throw failure('INTERNAL', `capability chain leaves the ${bytes.length} bytes of its struct at offset ${offset}`);
    }
    if (seen.has(offset)) throw failure('INTERNAL', `capability chain comes back to offset ${offset}`);
    seen.add(offset);
    const { id, version, next } = decode('vfio_info_cap_header', bytes, offset);
    capabilities.push({ id, version, offset });
    offset = next;
  }
  return capabilities;
};
