/** How much a use weighs. `warn`: the device can be taken, somebody will notice. `refuse`: only by force. */
type UseLevel = 'warn' | 'refuse';

export interface DeviceUse {
  readonly level: UseLevel;
  /** What uses it, as the end of "it is used by the host: ...". */
  readonly what: string;
}
