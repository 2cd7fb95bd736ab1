import type { LibraryHandle } from 'koffi';

/**
 * The part of libc that changes who a process is and looks up users: declared on its own, for most launches need none of it. glibc's
 * set*id functions act on all threads of the process; `capset` and `prctl` on the calling one.
 */
export interface PrivilegeCalls {
  readonly setgroups: (count: number, groups: Uint32Array) => number;
  readonly setresgid: (real: number, effective: number, saved: number) => number;
  readonly setresuid: (real: number, effective: number, saved: number) => number;
  /** capset(2). @param header a __user_cap_header_struct @param data two __user_cap_data_struct */
  readonly capset: (header: Uint32Array, data: Uint32Array) => number;
  readonly prctl: (option: number, two: number, three: number, four: number, five: number) => number;

  /** getpwnam_r(3) and its kin: return the errno. @param entry gets the struct @param buffer address of memory for its texts */
  readonly getpwnam: (name: string, entry: Uint8Array, buffer: bigint, length: number, found: BigUint64Array) => number;
  readonly getpwuid: (uid: number, entry: Uint8Array, buffer: bigint, length: number, found: BigUint64Array) => number;
  readonly getgrnam: (name: string, entry: Uint8Array, buffer: bigint, length: number, found: BigUint64Array) => number;
  readonly getgrgid: (gid: number, entry: Uint8Array, buffer: bigint, length: number, found: BigUint64Array) => number;
  /** getgrouplist(3): -1 when there are more groups than room, `count` then says how many. */
  readonly getgrouplist: (user: string, group: number, groups: Uint32Array, count: Int32Array) => number;

  readonly getxattr: (path: string, name: string, value: Uint8Array, size: number) => number | bigint;
  readonly setxattr: (path: string, name: string, value: Uint8Array, size: number, flags: number) => number;
  readonly flock: (fd: number, operation: number) => number;
}

const ENTRY = ['void *', 'uintptr_t', 'size_t', 'void *'];

export const declarePrivilegeCalls = (lib: LibraryHandle): PrivilegeCalls => ({
  setgroups: lib.func('setgroups', 'int', ['size_t', 'const void *']),
  setresgid: lib.func('setresgid', 'int', ['uint', 'uint', 'uint']),
  setresuid: lib.func('setresuid', 'int', ['uint', 'uint', 'uint']),
  capset: lib.func('capset', 'int', ['void *', 'const void *']),
  prctl: lib.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']),

  getpwnam: lib.func('getpwnam_r', 'int', ['const char *', ...ENTRY]),
  getpwuid: lib.func('getpwuid_r', 'int', ['uint', ...ENTRY]),
  getgrnam: lib.func('getgrnam_r', 'int', ['const char *', ...ENTRY]),
  getgrgid: lib.func('getgrgid_r', 'int', ['uint', ...ENTRY]),
  getgrouplist: lib.func('getgrouplist', 'int', ['const char *', 'uint', 'void *', 'void *']),

  getxattr: lib.func('getxattr', 'intptr_t', ['const char *', 'const char *', 'void *', 'size_t']),
  setxattr: lib.func('setxattr', 'int', ['const char *', 'const char *', 'const void *', 'size_t', 'int']),
  flock: lib.func('flock', 'int', ['int', 'int']),
});
