import type { MapRequest } from '../kernel.ts';
import { PAGE_SIZE } from './address-space.ts';
import { check, errno } from './errno-exception.ts';
import type { CdevFile, DataFile, DeviceFile, OpenFile } from './files.ts';
import { REGION_INFO_FLAGS } from '../uapi/constants.ts';
import { PageStore } from './page-store.ts';
import { REGION_SHIFT, type Region } from './regions.ts';
import type { World } from './world.ts';

interface Place {
  readonly region: Region;
  /** Bytes from the region's start. */
  readonly offset: number;
}

/** @throws ErrnoException EINVAL for an unbound cdev or no such region, EIO for a device that is gone */
const placeIn = (file: DeviceFile | CdevFile, position: bigint, flag: number): Place => {
  check(file.kind === 'device' || file.bound, 'EINVAL');
  check(!file.device.isRemoved, 'EIO');
  const region = file.device.regions[Number(position >> REGION_SHIFT)];
  const offset = Number(position & ((1n << REGION_SHIFT) - 1n));
  if (region === undefined || (region.flags & flag) === 0 || offset >= region.size) throw errno('EINVAL');
  return { region, offset };
};

const storeIn = (file: DataFile, offset: number, length: number): Uint8Array =>
  file.store.bytes(offset, Math.max(0, Math.min(length, file.store.size - offset)));

/** pread(2). */
export const readFile = (file: OpenFile, into: Uint8Array, position: bigint): number => {
  switch (file.kind) {
    case 'device':
    case 'cdev': {
      const { region, offset } = placeIn(file, position, REGION_INFO_FLAGS.READ);
      const bytes = region.store.bytes(offset, Math.min(into.length, region.size - offset));
      into.set(bytes);
      return bytes.length;
    }
    case 'data': {
      if (Number(position) >= file.store.size) return 0;
      const bytes = storeIn(file, Number(position), into.length);
      into.set(bytes);
      return bytes.length;
    }
    case 'other':
      return 0;
    default:
      throw errno('EINVAL');
  }
};

/** pwrite(2). */
export const writeFile = (file: OpenFile, from: Uint8Array, position: bigint): number => {
  switch (file.kind) {
    case 'device':
    case 'cdev': {
      const { region, offset } = placeIn(file, position, REGION_INFO_FLAGS.WRITE);
      const bytes = region.store.bytes(offset, Math.min(from.length, region.size - offset));
      bytes.set(from.subarray(0, bytes.length));
      return bytes.length;
    }
    case 'data': {
      const end = Number(position) + from.length;
      if (end > file.store.size) file.store.resize(end);
      storeIn(file, Number(position), from.length).set(from);
      return from.length;
    }
    case 'other':
      return from.length;
    default:
      throw errno('EINVAL');
  }
};

/** ftruncate(2). */
export const truncateFile = (file: OpenFile, length: bigint): void => {
  check(file.kind === 'data' && length >= 0n, 'EINVAL');
  file.store.resize(Number(length));
};

/** mmap(2) of a file. @throws ErrnoException ENODEV for what cannot be mapped, EINVAL for a BAR that cannot or a private map of one */
const mapFile = ({ memory }: World, file: OpenFile, { length, offset = 0n, shared }: MapRequest): bigint => {
  switch (file.kind) {
    case 'data': {
      if (shared) return memory.map(file.store, Number(offset), length, false);
      return memory.map(new PageStore(Number(length), { store: file.store, offset: Number(offset) }), 0, length, false);
    }
    case 'device':
    case 'cdev': {
      const place = placeIn(file, offset, REGION_INFO_FLAGS.MMAP);
      check(shared && place.offset + Number(length) <= place.region.size, 'EINVAL');
      return memory.map(place.region.store, place.offset, length, true);
    }
    default:
      throw errno('ENODEV');
  }
};

/** mmap(2). @returns the address */
export const mapMemory = (world: World, request: MapRequest): bigint => {
  const { fd, length, offset = 0n } = request;
  check(length > 0n && (length | offset) % PAGE_SIZE === 0n, 'EINVAL');
  if (fd !== undefined) return mapFile(world, world.fds.get(fd), request);
  return world.memory.map(new PageStore(Number(length)), 0, length, false);
};
