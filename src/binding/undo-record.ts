import type { PciDeviceFacts } from '../host/model.ts';
import type { DeviceState } from './binding-facts.ts';

/** How a device was before it was bound. */
export interface UndoRecord {
  readonly address: string;
  readonly driver: string | null;
  readonly driverOverride: string | null;
  /** The driver that it was given. */
  readonly boundTo: string;
}

export type UndoRecords = ReadonlyMap<string, UndoRecord>;

/**
 * Whether a device is still as the record's author left it, or on the way there. Otherwise somebody has changed it since, and the
 * record says nothing about its present state.
 */
export const isCurrent = (record: UndoRecord, device: PciDeviceFacts, state: DeviceState): boolean =>
  device.driver === record.boundTo || state.override === record.boundTo;

export const currentRecord = (records: UndoRecords, device: PciDeviceFacts, state: DeviceState): UndoRecord | undefined => {
  const record = records.get(device.address);
  return record !== undefined && isCurrent(record, device, state) ? record : undefined;
};

/** An override that could not be read counts as none, as on a host where nobody has set one. */
export const knownOverride = ({ override }: DeviceState): string | null => (override === 'unknown' ? null : override);
