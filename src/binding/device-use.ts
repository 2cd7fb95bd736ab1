/**
 * How the host uses a device.
 * `warn`: it can be taken, somebody will notice. `refuse`: only with force. `held`: never, since the kernel would block the write to
 * `unbind` until the holder lets go.
 */
export type UseLevel = 'warn' | 'refuse' | 'held';

export interface DeviceUse {
  readonly level: UseLevel;
  /** What uses it, as the end of "it is used by the host: ...". */
  readonly what: string;
}
