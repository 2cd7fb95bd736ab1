import net from 'node:net';

/**
 * Connects to a unix socket. Node by itself takes a path of digits for a TCP port and an empty one for a missing argument; here they are
 * paths, and an empty one is the folder, which nobody listens on.
 */
export const connectUnix = (path: string): net.Socket => net.connect({ path: path === '' ? '.' : path });
