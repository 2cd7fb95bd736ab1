import type { Socket } from 'node:net';

/** The fd of a socket of Node's. There is no public way to it; the handle has had this property for as long as there are handles. */
export const socketFd = (socket: Socket): number | undefined => {
  const handle: unknown = Reflect.get(socket, '_handle');
  return typeof handle === 'object' && handle !== null && 'fd' in handle && typeof handle.fd === 'number' ? handle.fd : undefined;
};
