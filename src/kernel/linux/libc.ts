import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { KoffiFunc, LibraryHandle } from 'koffi';
import type koffi from 'koffi';
import type { node } from 'koffi';
import { declarePrivilegeCalls, type PrivilegeCalls } from './libc-privileges.ts';

type Koffi = typeof koffi;

/** Pointers are bigints and calls are objects since version 3; an addon of another major version is not ours to talk to. */
const SUPPORTED = /^3\./;

/** Calls on other threads that may wait at once: a map of guest RAM and a bind for each of some thousand functions. */
const ASYNC_CALLS = 4096;

const isSupported = (addon: Partial<Koffi>): addon is Koffi => SUPPORTED.test(addon.version ?? '');

const addonFile = (load: NodeJS.Require): string | undefined => {
  const { arch } = process;
  const name = `@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`;
  return load.resolve
    .paths(name)
    ?.map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));
};

/**
 * koffi's addon without the package and Node's loader around it, which cost more than the addon itself. Absent where the package would
 * choose another build (musl, other systems): then `undefined`.
 */
const loadAddon = (load: NodeJS.Require): Koffi | undefined => {
  const file = addonFile(load);
  if (file === undefined) return undefined;
  const loaded: { exports: Partial<Koffi> } = { exports: {} };
  try {
    process.dlopen(loaded, file);
  } catch {
    return undefined;
  }
  return isSupported(loaded.exports) ? loaded.exports : undefined;
};

/** A bundle in CommonJS has no `import.meta.url`: its build replaces the expression by `__filename`. */
const loadKoffi = (): Koffi => {
  const load = createRequire(import.meta.url);
  const fromPackage = (): Koffi => load('koffi');
  // npm puts the addon beside the package; other layouts have it only below the package, which takes longer to find.
  return loadAddon(load) ?? loadAddon(createRequire(load.resolve('koffi'))) ?? fromPackage();
};

/** A watched fd; `stop` and `start` interrupt the watching. */
export interface Watch {
  start(): void;
  stop(): void;
  close(): void;
}

const watchReadable = ({ node: { poll } }: Koffi, fd: number, onReadable: () => void): Watch => {
  const options = { readable: true };
  let watching = true;
  // After EPOLLERR, as when the other end has closed without reading all it was sent, libuv stops (uv__poll_io); there may be more to read.
  const onEvents = ({ readable }: node.PollEvents): void => {
    onReadable();
    if (!readable && watching) handle.start(options, onEvents);
  };
  const handle: node.PollHandle = poll(fd, options, onEvents);
  const endWatch = (end: () => void): void => {
    watching = false;
    end();
  };
  return {
    start: () => {
      watching = true;
      handle.start(options, onEvents);
    },
    stop: () => endWatch(() => handle.stop()),
    close: () => endWatch(() => handle.close()),
  };
};

type Ioctl<Argument> = KoffiFunc<(fd: number, request: number, argument: Argument) => number>;

/**
 * libc, as C declares it. A call that fails returns -1 and leaves the reason in `errno()`, which has to be the very next call:
 * anything that Node does in between may change it. Variadic functions are declared with the arguments that are used, which is the
 * same calling convention on the architectures that are served (x86-64 and AArch64 Linux).
 */
export interface Libc {
  readonly errno: () => number;

  readonly open: (path: string, flags: number, mode: number) => number;
  readonly close: (fd: number) => number;
  readonly fcntl: (fd: number, command: number, argument: number) => number;
  /** fcntl(2) with a pointer, as its locks take one. */
  readonly fcntlPointer: (fd: number, command: number, argument: Uint8Array) => number;
  readonly dup3: (fd: number, onto: number, flags: number) => number;
  readonly poll: (fds: Uint8Array | null, count: number, milliseconds: number) => number;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  /** @param address a sockaddr */
  readonly sendto: (
    fd: number,
    message: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ) => number | bigint;
  /** recvmsg(2). @param message address of a msghdr */
  readonly recvmsg: (fd: number, message: bigint, flags: number) => number | bigint;
  /** sendmsg(2). @param message address of a msghdr */
  readonly sendmsg: (fd: number, message: bigint, flags: number) => number | bigint;
  readonly pread: (fd: number, into: Uint8Array, length: number, offset: bigint) => number;
  readonly pwrite: (fd: number, from: Uint8Array, length: number, offset: bigint) => number;
  readonly ftruncate: (fd: number, length: bigint) => number;
  readonly memfdCreate: (name: string, flags: number) => number;

  /** ioctl(2) with a pointer: to the bytes of an array for the length of the call, or an address. */
  readonly ioctlPointer: Ioctl<Uint8Array | bigint>;
  /** ioctl(2) with a value in the register. */
  readonly ioctlValue: Ioctl<number | bigint>;

  /** @returns the address, or -1 */
  readonly mmap: (
    address: bigint,
    length: bigint,
    protection: number,
    flags: number,
    fd: number,
    offset: bigint,
  ) => number | bigint;
  readonly munmap: (address: bigint, length: bigint) => number;
  readonly madvise: KoffiFunc<(address: bigint, length: bigint, advice: number) => number>;

  /**
   * Watches an fd on Node's event loop until the handle is closed, which has to come before the fd is. Not for fds that epoll refuses or
   * that Node watches itself: koffi aborts the process then. Whoever wants the calls has to keep the handle: a forgotten one is collected.
   */
  readonly watchReadable: (fd: number, onReadable: () => void) => Watch;

  /** execve(2); returns only when it fails. The lists end with null. */
  readonly execve: (path: string, argv: readonly (string | null)[], environment: readonly (string | null)[]) => number;
  /** sigaction(2). @param action a struct sigaction */
  readonly sigaction: (signal: number, action: Uint8Array, old: null) => number;
  readonly sigprocmask: (how: number, set: Uint8Array, old: null) => number;

  readonly setrlimit: (resource: number, limit: BigUint64Array) => number;
  readonly getrlimit: (resource: number, limit: BigUint64Array) => number;
  readonly getpagesize: () => number;

  /** calloc(3): zeroed memory that does not move. @param length bytes, more than 0 @returns its address */
  readonly allocate: (length: number) => bigint;
  /** free(3) for `allocate`. */
  readonly free: (address: bigint) => void;
  /** Gives memory that was freed back to the system (malloc_trim(3)); a C library without that keeps it. */
  readonly trimMemory: () => void;
  /** Memory at an address as JavaScript sees it; it is not kept alive by this. */
  readonly view: (address: bigint, length: number) => ArrayBuffer;

  /** Declared when it is first asked for. */
  readonly privileges: () => PrivilegeCalls;
}

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};

/** glibc alone has malloc_trim. */
const findTrim = (lib: LibraryHandle): (() => void) => {
  try {
    const trim: KoffiFunc<(pad: number) => number> = lib.func('malloc_trim', 'int', ['size_t']);
    return () => void trim(0);
  } catch {
    return () => undefined;
  }
};

const memoryTrimmer = (lib: LibraryHandle): (() => void) => {
  let trim: (() => void) | undefined;
  return () => (trim ??= findTrim(lib))();
};

const declare = (native: Koffi, lib: LibraryHandle): Libc => ({
  errno: () => native.errno(),

  open: lib.func('open', 'int', ['const char *', 'int', 'uint']),
  close: lib.func('close', 'int', ['int']),
  fcntl: lib.func('fcntl', 'int', ['int', 'int', 'long']),
  fcntlPointer: lib.func('fcntl', 'int', ['int', 'int', 'void *']),
  dup3: lib.func('dup3', 'int', ['int', 'int', 'int']),
  poll: lib.func('poll', 'int', ['void *', 'ulong', 'int']),
  socket: lib.func('socket', 'int', ['int', 'int', 'int']),
  sendto: lib.func('sendto', 'intptr_t', ['int', 'const void *', 'size_t', 'int', 'const void *', 'uint']),
  recvmsg: lib.func('recvmsg', 'intptr_t', ['int', 'uintptr_t', 'int']),
  sendmsg: lib.func('sendmsg', 'intptr_t', ['int', 'uintptr_t', 'int']),
  pread: lib.func('pread', 'intptr_t', ['int', 'void *', 'size_t', 'int64_t']),
  pwrite: lib.func('pwrite', 'intptr_t', ['int', 'const void *', 'size_t', 'int64_t']),
  ftruncate: lib.func('ftruncate', 'int', ['int', 'int64_t']),
  memfdCreate: lib.func('memfd_create', 'int', ['const char *', 'uint']),

  ioctlPointer: lib.func('ioctl', 'int', ['int', 'ulong', 'void *']),
  ioctlValue: lib.func('ioctl', 'int', ['int', 'ulong', 'uintptr_t']),

  mmap: lib.func('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t']),
  munmap: lib.func('munmap', 'int', ['uintptr_t', 'size_t']),
  madvise: lib.func('madvise', 'int', ['uintptr_t', 'size_t', 'int']),

  watchReadable: (fd, onReadable) => watchReadable(native, fd, onReadable),

  execve: lib.func('execve', 'int', ['const char *', 'const char **', 'const char **']),
  sigaction: lib.func('sigaction', 'int', ['int', 'const void *', 'void *']),
  sigprocmask: lib.func('sigprocmask', 'int', ['int', 'const void *', 'void *']),

  setrlimit: lib.func('setrlimit', 'int', ['int', 'const void *']),
  getrlimit: lib.func('getrlimit', 'int', ['int', 'void *']),
  getpagesize: lib.func('getpagesize', 'int', []),

  allocate: (length) => native.alloc('uint8_t', length),
  free: (address) => native.free(address),
  trimMemory: memoryTrimmer(lib),
  view: (address, length) => native.view(address, length),

  privileges: once(() => declarePrivilegeCalls(lib)),
});

const loadLibc = (): Libc => {
  const native = loadKoffi();
  // Only before the first library is loaded; a second copy of this module finds it done.
  if (native.config().max_async_calls !== ASYNC_CALLS) native.config({ ...native.config(), max_async_calls: ASYNC_CALLS });
  return declare(native, native.load(null));
};

let loaded: Libc | undefined;

/** libc of this process. The first use loads native code; nothing is loaded before. */
export const libc = (): Libc => (loaded ??= loadLibc());
