import { failure, type VmattachError } from '../../errors/problem.ts';
import { connectUnix } from '../connect-unix.ts';
import type { MessageSocket, ReceivedMessage } from '../fd-calls.ts';
import { socketFailure } from '../socket-failure.ts';
import { SystemCallError } from '../system-call-error.ts';
import { linuxFdCalls } from './fd-calls.ts';
import { openMessageSocket } from './message-socket.ts';
import { socketFd } from './socket-handle.ts';

/** How long a broker may take, in ms: management layers give a whole device_add 30 seconds. */
const PATIENCE = 10_000;
/** No byte is special: the fd comes with the first. */
const ANY_BYTE = 0;
/** ASCII's. Brokers take any byte. */
const ACKNOWLEDGE = Uint8Array.of(0x06);

const FIXES = [
  'start the broker: it sends one byte with one file descriptor and waits for one byte',
  'fd=NUMBER of an inherited fd',
];

const refused = (path: string, what: string, cause: string): VmattachError =>
  failure('FD_NOT_OPEN', `unix:${path} ${what}`, { cause, fixes: FIXES });

/** The one fd of a message. All others are closed. @throws FD_NOT_OPEN */
const onlyFd = (path: string, { bytes, fds, truncated }: ReceivedMessage): number => {
  const [fd, ...others] = fds;
  if (fd !== undefined && others.length === 0 && !truncated) return fd;
  for (const number of fds) linuxFdCalls.close(number);
  if (bytes.length === 0) throw refused(path, 'sent no file descriptor', 'the broker closed the connection at once');
  throw fd === undefined
    ? refused(path, 'sent no file descriptor', `the broker sent ${bytes.length} bytes without one`)
    : refused(path, 'sent more than one file descriptor', 'it is not known which of them is meant');
};

/**
 * Takes one fd from a broker, as KubeVirt's iommufd plugin hands it out: connect, receive one byte with the fd, send one byte. It
 * is received close-on-exec, and is the caller's to close.
 * @param path of the broker's unix socket
 * @param patience ms
 * @throws FILE when nobody listens, FD_NOT_OPEN when the broker does not keep to the protocol
 */
export const receiveFd = (path: string, patience = PATIENCE): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = connectUnix(path);
    // Before Node reads, and loses the fd.
    socket.pause();
    let messages: MessageSocket | undefined;
    let fd: number | undefined;
    const finish = (error?: unknown): void => {
      clearTimeout(timer);
      messages?.close();
      socket.destroy();
      // A broker that is gone before it is told has sent what it had.
      if (fd === undefined) reject(error);
      else resolve(fd);
    };
    const silent = `the broker was silent for ${patience / 1000} s`;
    const timer = setTimeout(() => finish(refused(path, 'sent no file descriptor', silent)), patience);
    const arrival = (): void => {
      try {
        const message = fd === undefined ? messages?.receive() : undefined;
        if (message === undefined) return;
        fd = onlyFd(path, message);
        socket.end(ACKNOWLEDGE, () => finish());
      } catch (error) {
        finish(
          error instanceof SystemCallError ? socketFailure(`Failed to receive from '${path}'`, error, { fixes: FIXES }) : error,
        );
      }
    };
    socket.once('error', (error) => finish(socketFailure(`Failed to connect to '${path}'`, error, { fixes: FIXES })));
    socket.once('connect', () => {
      const number = socketFd(socket);
      if (number === undefined) finish(failure('INTERNAL', 'a socket of Node has no fd'));
      else messages = openMessageSocket(number, ANY_BYTE, arrival);
    });
  });
