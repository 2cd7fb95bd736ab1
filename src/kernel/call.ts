import type { IoctlArgument, Kernel } from './kernel.ts';
import { SystemCallError } from './system-call-error.ts';
import { report, reportAsync, traceOf, type CallData, type PendingCall } from './trace.ts';
import { decode, encode, type StructValues } from './uapi/codec.ts';
import { IOCTLS, type IoctlDefinition, type IoctlName } from './uapi/ioctls.ts';
import { STRUCTS, type StructName } from './uapi/structs.ts';

type ArgumentKind<N extends IoctlName> = (typeof IOCTLS)[N]['argument'];

export interface CallOptions {
  /** Bytes of the struct to send when that is not what the ioctl table says, e.g. 24 for a bind with a VF token. */
  readonly size?: number;
}

/** What follows the name in a call: the fields that are not zero, a number, a string, or nothing. */
type Rest<K> = K extends StructName
  ? [values?: Partial<Readonly<StructValues<K>>>, options?: CallOptions]
  : K extends 'none'
    ? []
    : K extends 'string'
      ? [text: string]
      : [value: number];

/** The non-negative result of ioctl(2), and the fields of the struct as the kernel left them. */
export type CallResult<N extends IoctlName> = { readonly result: number } & (ArgumentKind<N> extends infer K extends StructName
  ? Readonly<StructValues<K>>
  : unknown);

/** `Rest` of every ioctl, once the compiler has held the caller to the one that the name asks for. */
type AnyRest = readonly [value?: CallData, options?: CallOptions];

interface Prepared {
  readonly request: number;
  readonly argument: IoctlArgument | undefined;
  /** What to report; asked for before the call, and only when someone listens. */
  readonly pending: () => PendingCall;
  readonly fields: () => object;
}

const int32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
};

const cString = (text: string): Uint8Array => {
  if (text.includes('\0')) throw new RangeError('a C string ends at its first NUL');
  return new TextEncoder().encode(`${text}\0`);
};

const isStructName = (kind: IoctlDefinition['argument']): kind is StructName => Object.hasOwn(STRUCTS, kind);

const plainArgument = (kind: IoctlDefinition['argument'], value: CallData): IoctlArgument | undefined => {
  if (kind === 'string' && typeof value === 'string') return cString(value);
  if (typeof value !== 'number') return undefined;
  return kind === 'value' ? value : int32(value);
};

/** The ioctl on bytes that are already there; they are changed in place. */
const prepareBytes = (fd: number, name: IoctlName, bytes: Uint8Array): Prepared => {
  const { argument, number: request }: IoctlDefinition = IOCTLS[name];
  if (!isStructName(argument)) throw new TypeError(`${name} takes no struct`);
  const fields = (): Readonly<Record<string, number | bigint>> => decode(argument, bytes);
  return { request, argument: bytes, pending: () => ({ call: name, fd, argument: fields(), returned: fields }), fields };
};

const prepare = (fd: number, name: IoctlName, value: CallData, options: CallOptions | undefined): Prepared => {
  const { argument, number: request, size }: IoctlDefinition = IOCTLS[name];
  if (isStructName(argument)) {
    const sent = options?.size ?? size;
    const values = typeof value === 'object' ? value : {};
    return prepareBytes(fd, name, encode(argument, values, sent === undefined ? {} : { size: sent }));
  }
  return {
    request,
    argument: plainArgument(argument, value),
    pending: () => ({ call: name, fd, argument: value }),
    fields: () => ({}),
  };
};

/** The kernel knows a request number only; the error names the ioctl. */
const named = (error: unknown, name: IoctlName, fd: number): unknown =>
  error instanceof SystemCallError ? new SystemCallError(name, error.errno, `fd ${fd}`) : error;

const perform = (kernel: Kernel, fd: number, name: IoctlName, { request, argument, pending }: Prepared): number => {
  const { inner, listener } = traceOf(kernel);
  const make = (): number => inner.ioctl(fd, request, argument);
  try {
    return listener === undefined ? make() : report(listener, pending(), make);
  } catch (error) {
    throw named(error, name, fd);
  }
};

const performAsync = async (
  kernel: Kernel,
  fd: number,
  name: IoctlName,
  { request, argument, pending }: Prepared,
): Promise<number> => {
  const { inner, listener } = traceOf(kernel);
  const make = (): Promise<number> => inner.ioctlAsync(fd, request, argument);
  try {
    return await (listener === undefined ? make() : reportAsync(listener, pending(), make));
  } catch (error) {
    throw named(error, name, fd);
  }
};

/**
 * An ioctl by name. Struct fields that are not given are zero.
 * @throws SystemCallError with the ioctl's name as `call` and `fd N` as `target`; RangeError for a value that does not fit
 */
export const call = <N extends IoctlName>(kernel: Kernel, fd: number, name: N, ...rest: Rest<ArgumentKind<N>>): CallResult<N> => {
  const [value, options] = rest as AnyRest;
  const prepared = prepare(fd, name, value, options);
  const result = perform(kernel, fd, name, prepared);
  // The fields were decoded by the struct that the table names for this ioctl, as the type is.
  return { result, ...prepared.fields() } as CallResult<N>;
};

/** The same on another thread, for calls that block. */
export const callAsync = async <N extends IoctlName>(
  kernel: Kernel,
  fd: number,
  name: N,
  ...rest: Rest<ArgumentKind<N>>
): Promise<CallResult<N>> => {
  const [value, options] = rest as AnyRest;
  const prepared = prepare(fd, name, value, options);
  const result = await performAsync(kernel, fd, name, prepared);
  return { result, ...prepared.fields() } as CallResult<N>;
};

/**
 * An ioctl on a struct with data behind it (`encode` with `trailing`); the bytes are changed in place.
 * @returns the result of ioctl(2)
 * @throws SystemCallError as `call` does
 */
export const callWithBytes = (kernel: Kernel, fd: number, name: IoctlName, bytes: Uint8Array): number =>
  perform(kernel, fd, name, prepareBytes(fd, name, bytes));
