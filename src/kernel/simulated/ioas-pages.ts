import type { Segment } from './address-space.ts';
import { check } from './errno-exception.ts';
import type { Charge } from './memlock.ts';
import type { World } from './world.ts';
import type { PageStore } from './page-store.ts';

/** Where the pages of a map come from: memory of the process, or a memfd by itself. Address, start in bytes. */
export type PagesSource =
  | { readonly kind: 'user'; readonly address: bigint }
  | { readonly kind: 'file'; readonly store: PageStore | null; readonly start: bigint };

export interface PagesRequest {
  readonly account: 'user' | 'process';
  readonly source: PagesSource;
  /** Bytes. */
  readonly length: bigint;
  readonly isWritable: boolean;
}

/** The kernel's struct iopt_pages: shared by a map and its copies, pinned and charged once, while any domain needs it. */
export class IoasPages {
  readonly source: PagesSource;
  readonly length: bigint;
  /** What the first map allowed; a copy cannot allow more. */
  readonly isWritable: boolean;
  readonly #world: World;
  readonly #account: 'user' | 'process';
  #pins = 0;
  #segments: readonly Segment[] = [];
  #charge: Charge | null = null;

  constructor(world: World, { account, source, length, isWritable }: PagesRequest) {
    this.#world = world;
    this.#account = account;
    this.source = source;
    this.length = length;
    this.isWritable = isWritable;
  }

  /** The user address, or the place in the file, of a byte. */
  start(offset: bigint): bigint {
    return offset + (this.source.kind === 'user' ? this.source.address : this.source.start);
  }

  /** @throws ErrnoException EFAULT for memory that is not there or is a BAR, EINVAL for a file that is no memfd, ENOMEM */
  pin(): void {
    if (this.#pins === 0) {
      const segments = this.#find();
      this.#charge = this.#world.memlock.charge(this.#account, this.length);
      this.#segments = segments;
    }
    this.#pins += 1;
  }

  unpin(): void {
    this.#pins -= 1;
    if (this.#pins > 0) return;
    this.#charge?.release();
    this.#charge = null;
    this.#segments = [];
  }

  /** Pages of their own for a part, as if that alone had been mapped. */
  part(offset: bigint, length: bigint): IoasPages {
    const { source } = this;
    const moved: PagesSource =
      source.kind === 'user' ? { ...source, address: source.address + offset } : { ...source, start: source.start + offset };
    return new IoasPages(this.#world, { account: this.#account, source: moved, length, isWritable: this.isWritable });
  }

  /** The memory of a part. @throws ErrnoException EFAULT when nothing is pinned and nothing is there */
  segments(offset: bigint, length: bigint): readonly Segment[] {
    const all = this.#pins > 0 ? this.#segments : this.#find();
    const [from, to] = [Number(offset), Number(offset + length)];
    let position = 0;
    return all.flatMap((segment) => {
      const start = Math.max(from, position) - position;
      const end = Math.min(to, position + segment.length) - position;
      position += segment.length;
      return start < end ? [{ ...segment, offset: segment.offset + start, length: end - start }] : [];
    });
  }

  #find(): readonly Segment[] {
    const { source, length } = this;
    if (source.kind === 'user') {
      const segments = this.#world.memory.pin(source.address, length);
      check(
        segments.every(({ mmio }) => !mmio),
        'EFAULT',
      );
      return segments;
    }
    check(source.store !== null && Number(source.start + length) <= source.store.size, 'EINVAL');
    return [{ store: source.store, offset: Number(source.start), length: Number(length), mmio: false }];
  }
}
