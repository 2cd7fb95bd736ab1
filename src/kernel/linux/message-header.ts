import type { ReceivedMessage } from '../fd-calls.ts';
import type { UserBuffer } from '../kernel.ts';

/** SCM_RIGHTS of one message; QEMU takes as many (io/channel-socket.c SOCKET_MAX_FDS). */
const MOST_FDS = 16;

// struct msghdr (64-bit), then what it points to: one iovec, the control data, the bytes.
const MESSAGE = { iov: 16, iovLength: 24, control: 32, controlLength: 40, flags: 48, size: 56 } as const;
const IOVEC = MESSAGE.size;
const CONTROL = IOVEC + 16;
/** struct cmsghdr: its length, level and type. */
const CONTROL_HEADER = 16;
const FD_SIZE = 4;
const CONTROL_SIZE = CONTROL_HEADER + MOST_FDS * FD_SIZE;
const DATA = 256;

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x8;

/** Control data is aligned to words. */
const align = (length: number): number => (length + 7) & ~7;

/** Memory for recvmsg(2): a msghdr with room for data and for fds. */
export class MessageHeader {
  /** Bytes that one call receives at most. */
  static readonly capacity = 32 * 1024;
  static readonly size = DATA + MessageHeader.capacity;

  readonly #memory: UserBuffer;
  readonly #view: DataView;

  /** @param memory zeroed, of `size` bytes */
  constructor(memory: UserBuffer) {
    const { bytes, address } = memory;
    this.#memory = memory;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#setPointer(MESSAGE.iov, address + BigInt(IOVEC));
    this.#setPointer(MESSAGE.iovLength, 1n);
    this.#setPointer(IOVEC, address + BigInt(DATA));
  }

  get address(): bigint {
    return this.#memory.address;
  }

  /** Asks for up to `length` bytes, and for the fds that come with them or not. */
  prepare(length: number, withFds: boolean): void {
    this.#setPointer(IOVEC + 8, BigInt(length));
    this.#setPointer(MESSAGE.control, withFds ? this.address + BigInt(CONTROL) : 0n);
    this.#setPointer(MESSAGE.controlLength, withFds ? BigInt(CONTROL_SIZE) : 0n);
    this.#view.setInt32(MESSAGE.flags, 0, true);
  }

  /** Whether fds did not fit; without room for any, whether there are some. */
  get truncated(): boolean {
    return (this.#view.getInt32(MESSAGE.flags, true) & MSG_CTRUNC) !== 0;
  }

  /** Where a byte is among those of the last call, -1 if it is not. @param length what the call returned */
  indexOf(byte: number, length: number): number {
    return this.#memory.bytes.subarray(DATA, DATA + length).indexOf(byte);
  }

  /** What the last call received. @param length what it returned */
  message(length: number): ReceivedMessage {
    return { bytes: this.#memory.bytes.slice(DATA, DATA + length), fds: this.#fds(), truncated: this.truncated };
  }

  #fds(): readonly number[] {
    const end = CONTROL + Number(this.#view.getBigUint64(MESSAGE.controlLength, true));
    const fds: number[] = [];
    for (let at = CONTROL; at + CONTROL_HEADER <= end;) {
      const length = Number(this.#view.getBigUint64(at, true));
      if (length < CONTROL_HEADER) break;
      const isRights = this.#view.getInt32(at + 8, true) === SOL_SOCKET && this.#view.getInt32(at + 12, true) === SCM_RIGHTS;
      const dataEnd = isRights ? at + length - (length % FD_SIZE) : at;
      for (let fd = at + CONTROL_HEADER; fd < dataEnd; fd += FD_SIZE) {
        fds.push(this.#view.getInt32(fd, true));
      }
      at += align(length);
    }
    return fds;
  }

  #setPointer(at: number, value: bigint): void {
    this.#view.setBigUint64(at, value, true);
  }
}
