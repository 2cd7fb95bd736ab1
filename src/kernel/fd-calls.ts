/** What is done with the fds that clients pass. All methods throw SystemCallError on failure. */
export interface FdCalls {
  close(fd: number): void;
  /** Another fd for the same open file, close-on-exec. */
  duplicate(fd: number): number;
  /** O_RDONLY, O_WRONLY or O_RDWR, as fcntl(2) F_GETFL has it. */
  accessMode(fd: number): number;
}

/** What one recvmsg(2) brought. */
export interface ReceivedMessage {
  /** None at the end of the stream. */
  readonly bytes: Uint8Array;
  /** In the order in which they were sent; they are the receiver's now, and close-on-exec. */
  readonly fds: readonly number[];
  /** Some fds are lost: there were more than fit into a message, or than this process may have open. */
  readonly truncated: boolean;
}

/**
 * The reading side of a connected stream socket. fds come with the message they were sent with, never earlier: messages that were sent
 * before are received separately.
 */
export interface MessageSocket {
  /** What has arrived, up to one message with fds; undefined when nothing has. @throws SystemCallError */
  receive(): ReceivedMessage | undefined;
  /** Stops asking for arrivals: `onArrival` is not called until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends the reading; the socket itself stays open. */
  close(): void;
}

/**
 * @param lastByte the byte that ends a message; others may too, and it may stand elsewhere
 * @param onArrival something can be received, or the peer is gone
 */
export type OpenMessageSocket = (fd: number, lastByte: number, onArrival: () => void) => MessageSocket;
