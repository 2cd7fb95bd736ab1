import { libc as loadLibc } from './libc.ts';
import { memoryCalls } from './memory.ts';
import { systemCall } from './system-call.ts';

// struct msghdr (64-bit), one iovec, a cmsghdr with one fd, the bytes.
const MESSAGE = { iov: 16, iovLength: 24, control: 32, controlLength: 40, size: 56 } as const;
const IOVEC = MESSAGE.size;
const CONTROL = IOVEC + 16;
const CONTROL_HEADER = 16;
const CONTROL_SPACE = 24;
const DATA = CONTROL + CONTROL_SPACE;

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const FD_SIZE = 4;
const MSG_NOSIGNAL = 0x4000;

/**
 * sendmsg(2) of bytes together with an fd, which the receiver gets a duplicate of.
 * @param socket fd of a connected unix socket
 * @returns how many bytes were sent; the fd went with the first of them
 * @throws SystemCallError
 */
export const sendWithFd = (socket: number, bytes: Uint8Array, fd: number): number => {
  const libc = loadLibc();
  const { address, bytes: memory } = memoryCalls(libc).allocate(DATA + bytes.length);
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  view.setBigUint64(MESSAGE.iov, address + BigInt(IOVEC), true);
  view.setBigUint64(MESSAGE.iovLength, 1n, true);
  view.setBigUint64(MESSAGE.control, address + BigInt(CONTROL), true);
  view.setBigUint64(MESSAGE.controlLength, BigInt(CONTROL_SPACE), true);
  view.setBigUint64(IOVEC, address + BigInt(DATA), true);
  view.setBigUint64(IOVEC + 8, BigInt(bytes.length), true);
  view.setBigUint64(CONTROL, BigInt(CONTROL_HEADER + FD_SIZE), true);
  view.setInt32(CONTROL + 8, SOL_SOCKET, true);
  view.setInt32(CONTROL + 12, SCM_RIGHTS, true);
  view.setInt32(CONTROL + CONTROL_HEADER, fd, true);
  memory.set(bytes, DATA);
  const sent = systemCall(libc, 'sendmsg', `fd ${socket}`, () => libc.sendmsg(socket, address, MSG_NOSIGNAL));
  // Touching the memory after the call keeps it until the kernel has read it.
  memory.fill(0);
  return Number(sent);
};
