import { failure, VmattachError } from '../errors/problem.ts';
import { isFdReference } from '../kernel/fd-reference.ts';
import { parseFdNumber } from '../options/fd-number.ts';
import { getBoolean, getOption } from '../options/qemu-opts-values.ts';
import type { QemuOpts } from '../options/qemu-opts.ts';

/** Where a monitor gets its clients from. */
export type Chardev =
  | { readonly kind: 'stdio' }
  /** @property wait start only when the first client is there */
  | { readonly kind: 'listen'; readonly at: SocketAddress; readonly wait: boolean }
  | { readonly kind: 'connect'; readonly to: SocketAddress };

/** @property reference an fd that is named otherwise than by number */
export type SocketAddress = OpenableAddress | { readonly reference: string };

/** Where a socket really is. */
export type OpenableAddress = { readonly path: string } | { readonly fd: number };

/** As QEMU writes it (util/qemu-sockets.c, socket_uri). */
export const addressText = (address: SocketAddress): string => {
  if ('path' in address) return `unix:${address.path}`;
  return `fd:${'fd' in address ? address.fd : address.reference}`;
};

/** sizeof(sockaddr_un.sun_path). */
export const PATH_SIZE = 108;

const USED = new Set(['backend', 'path', 'fd', 'server', 'wait']);
/** Of these the other value asks for something. */
const HARMLESS: ReadonlyMap<string, string> = new Map([
  ['mux', 'off'],
  ['telnet', 'off'],
  ['tn3270', 'off'],
  ['websocket', 'off'],
  ['abstract', 'off'],
  ['reconnect', '0'],
  ['reconnect-ms', '0'],
]);
/** They are about TCP, and QEMU takes them for any socket. */
const WITHOUT_EFFECT = new Set(['delay', 'nodelay', 'tight']);

const unsupported = (message: string, cause: string) =>
  failure('OPTION_UNSUPPORTED', message, {
    cause,
    fixes: ['use a socket, e.g. unix:PATH,server=on,wait=off', 'use a machine type of QEMU, e.g. -machine q35'],
  });

const checkParameters = ({ options }: QemuOpts): void => {
  const refused = options.find(([name, value]) => !USED.has(name) && !WITHOUT_EFFECT.has(name) && HARMLESS.get(name) !== value);
  if (refused !== undefined) {
    const [name, value] = refused;
    throw unsupported(`'${name}=${value}' is not supported by -machine bare`, 'monitors of bare are on unix sockets or stdio');
  }
};

const checkPath = (path: string): string => {
  if (Buffer.byteLength(path) >= PATH_SIZE) {
    throw failure('VALUE_INVALID', `UNIX socket path '${path}' is too long`, {
      hint: [`Path must be less than ${PATH_SIZE} bytes`],
      cause: `sun_path of a unix socket's address has ${PATH_SIZE} bytes`,
      fixes: ['use a shorter path'],
    });
  }
  return path;
};

const readFd = (text: string): number => {
  try {
    return parseFdNumber(text);
  } catch (error) {
    if (!(error instanceof VmattachError)) throw error;
    // QEMU's words for sockets; it says the same where the parameter is missing.
    throw failure('VALUE_INVALID', `Unable to parse FD number ${text}`, {
      fixes: ['path=PATH', 'fd=NUMBER of an inherited socket'],
    });
  }
};

const readAddress = (opts: QemuOpts): SocketAddress => {
  const path = getOption(opts, 'path');
  const fd = getOption(opts, 'fd');
  if (path !== undefined && fd !== undefined) {
    throw failure('CONFLICT', "None or one of 'path', 'fd' or 'host' option required.", { fixes: ['remove one of them'] });
  }
  if (path !== undefined) return { path: checkPath(path) };
  return fd !== undefined && isFdReference(fd) ? { reference: fd } : { fd: readFd(fd ?? '') };
};

const readSocket = (opts: QemuOpts): Chardev => {
  const isServer = getBoolean(opts, 'server') ?? false;
  const wait = getBoolean(opts, 'wait');
  if (!isServer && wait !== undefined) {
    throw failure('CONFLICT', "'wait' option is incompatible with socket in client connect mode", {
      cause: 'without server=on the socket connects to one that someone else listens on',
      fixes: ['add server=on', 'remove wait='],
    });
  }
  const address = readAddress(opts);
  return isServer ? { kind: 'listen', at: address, wait: wait ?? true } : { kind: 'connect', to: address };
};

/**
 * What a character device with these parameters is, as far as bare has use for it.
 * @throws VmattachError in QEMU's words (chardev/char-socket.c); OPTION_UNSUPPORTED for the engine's backends
 */
export const readChardev = (opts: QemuOpts): Chardev => {
  const backend = getOption(opts, 'backend');
  switch (backend) {
    case 'stdio':
      checkParameters({ ...opts, options: opts.options.filter(([name]) => name !== 'signal') });
      return { kind: 'stdio' };
    case 'socket':
    case 'unix':
      checkParameters(opts);
      return readSocket(opts);
    default:
      throw unsupported(
        `character device '${backend}' is not supported by -machine bare`,
        'a QMP monitor of bare is on a unix socket or on stdio, and bare uses character devices for nothing else',
      );
  }
};
