import type { Kernel } from './kernel.ts';
import { SystemCallError } from './system-call-error.ts';

/** What a call was given or gave back: struct fields by name, a plain value, or nothing. */
export type CallData =
  | Readonly<Record<string, number | bigint | string | boolean | undefined>>
  | number
  | bigint
  | string
  | undefined;

/** One system call, as it was seen from here. */
export interface CallEvent {
  /** The ioctl by name, or the libc function. */
  readonly call: string;
  readonly fd: number | undefined;
  readonly argument: CallData;
  /** What the call returned; `undefined` when it failed. */
  readonly result: number | bigint | undefined;
  /** The errno by name when it failed, e.g. `EBUSY`. */
  readonly error: string | undefined;
  /** The struct as the kernel left it. */
  readonly returned: CallData;
  /** When it began, in microseconds since the process started. */
  readonly started: number;
  /** How long it took; for a call on another thread this includes waiting for one. */
  readonly microseconds: number;
}

export type CallListener = (event: CallEvent) => void;

/** A call that is about to be made. `returned` is asked only after it succeeded. */
export interface PendingCall {
  readonly call: string;
  readonly fd?: number | undefined;
  readonly argument?: CallData;
  readonly returned?: () => CallData;
}

const TRACE = Symbol('trace');

/** A kernel whose calls are reported; made by `traced`. */
export interface TracedKernel extends Kernel {
  readonly [TRACE]: { readonly inner: Kernel; readonly listener: CallListener };
}

/** Marks a wrapper as one that reports, for `traceOf`. */
export const withTrace = (wrapper: Kernel, inner: Kernel, listener: CallListener): TracedKernel => ({
  ...wrapper,
  [TRACE]: { inner, listener },
});

/** Who listens to the calls of this kernel, and the kernel under it that does not report; nobody for a plain kernel. */
export const traceOf = (kernel: Kernel | TracedKernel): { readonly inner: Kernel; readonly listener: CallListener | undefined } =>
  TRACE in kernel ? kernel[TRACE] : { inner: kernel, listener: undefined };

const now = (): number => performance.now() * 1000;

interface Timing {
  readonly started: number;
  readonly microseconds: number;
}

const since = (started: number): Timing => ({ started, microseconds: now() - started });

const succeeded = ({ call, fd, argument, returned }: PendingCall, timing: Timing, result: unknown): CallEvent => {
  const plain = typeof result === 'number' || typeof result === 'bigint' ? result : undefined;
  return { call, fd, argument, result: plain, error: undefined, returned: returned?.(), ...timing };
};

const failed = ({ call, fd, argument }: PendingCall, timing: Timing, error: unknown): CallEvent => {
  const name = error instanceof SystemCallError ? error.code : String(error);
  return { call, fd, argument, result: undefined, error: name, returned: undefined, ...timing };
};

/** Makes the call and reports it; what it throws is passed on. */
export const report = <T>(listener: CallListener, pending: PendingCall, make: () => T): T => {
  const started = now();
  let result: T;
  try {
    result = make();
  } catch (error) {
    listener(failed(pending, since(started), error));
    throw error;
  }
  listener(succeeded(pending, since(started), result));
  return result;
};

/** The same for a call on another thread; reported when it ends. */
export const reportAsync = async <T>(listener: CallListener, pending: PendingCall, make: () => Promise<T>): Promise<T> => {
  const started = now();
  let result: T;
  try {
    result = await make();
  } catch (error) {
    listener(failed(pending, since(started), error));
    throw error;
  }
  listener(succeeded(pending, since(started), result));
  return result;
};
