import { closeFd } from './fd-calls.ts';
import { libc as loadLibc, type Libc } from './libc.ts';
import { systemCall } from './system-call.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/** struct sockaddr_un: the family, then the path; an abstract name begins with a NUL instead of `@`. */
const socketAddress = (path: string): Uint8Array => {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX);
  name.copy(address, 2);
  return address;
};

const send = (libc: Libc, path: string, text: string): void => {
  const fd = systemCall(libc, 'socket', path, () => libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const message = Buffer.from(text);
  const address = socketAddress(path);
  try {
    systemCall(libc, 'sendto', path, () => libc.sendto(fd, message, message.length, MSG_NOSIGNAL, address, address.length));
  } finally {
    closeFd(libc, fd);
  }
};

/**
 * Tells the service manager something (sd_notify(3)); nothing happens without one. Native code is loaded only when there is one.
 * @param socket `$NOTIFY_SOCKET`: a path, or an abstract name after `@`
 * @param lines assignments like `READY=1`
 * @throws SystemCallError
 */
export const notifyService = (socket: string | undefined, lines: readonly string[]): void => {
  if (socket !== undefined && socket !== '') send(loadLibc(), socket, lines.join('\n'));
};
