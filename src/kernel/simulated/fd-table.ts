import { check, errno } from './errno-exception.ts';
import { releaseFile, type OpenFile } from './files.ts';

/** RLIMIT_NOFILE's usual hard limit. */
const MOST_FDS = 524_288;

/** The open files of the one simulated process. Descriptors 0 to 2 are its standard streams and do not appear here. */
export class FdTable {
  readonly #files = new Map<number, OpenFile>();

  get count(): number {
    return this.#files.size;
  }

  entries(): IterableIterator<[number, OpenFile]> {
    return this.#files.entries();
  }

  /** The lowest free number from 3 on. @throws ErrnoException EMFILE */
  add(file: OpenFile): number {
    let fd = 3;
    while (this.#files.has(fd)) fd += 1;
    check(fd < MOST_FDS, 'EMFILE');
    this.#files.set(fd, file);
    return fd;
  }

  /** A file that was there when the process started. */
  inherit(fd: number, file: OpenFile): void {
    this.#files.set(fd, file);
  }

  /** @throws ErrnoException EBADF */
  get(fd: number): OpenFile {
    const file = this.#files.get(fd);
    if (file === undefined) throw errno('EBADF');
    return file;
  }

  /** @throws ErrnoException EBADF */
  close(fd: number): void {
    const file = this.get(fd);
    this.#files.delete(fd);
    releaseFile(file);
  }
}
