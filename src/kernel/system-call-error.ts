import { ERRNO, type ErrnoName } from './errno.ts';

/** A failed system call: which one, on what, and the errno by number, name and text. Text for people is made elsewhere. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  /** e.g. `open`, or an ioctl by name: `VFIO_SET_IOMMU`. */
  readonly call: string;
  readonly errno: number;
  readonly code: ErrnoName | 'UNKNOWN';
  /** strerror(3), e.g. `Operation not permitted`. */
  readonly text: string;
  /** The path or `fd N` it was done on. */
  readonly target: string;

  constructor(call: string, errno: number, target: string) {
    const known = ERRNO.find((entry) => entry.errno === errno);
    const text = known?.text ?? `Unknown error ${errno}`;
    super(`${call} on ${target}: ${text}`);
    this.call = call;
    this.errno = errno;
    this.code = known?.name ?? 'UNKNOWN';
    this.text = text;
    this.target = target;
  }
}
