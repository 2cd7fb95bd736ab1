import type { BackendName } from '../backends/address-space.ts';
import { BACKENDS } from '../backends/address-space.ts';
import type { PlannedDevice } from '../plan/planned-device.ts';
import type { EventType, QmpEvent } from './events.ts';
import type { JsonRecord } from './json-text.ts';
import type { QmpMember } from './qmp-type.ts';

const DELETED: readonly QmpMember[] = [
  { name: 'device', type: 'str', optional: true },
  { name: 'path', type: 'str' },
];

const ATTACHMENT: readonly QmpMember[] = [
  ...DELETED,
  { name: 'host', type: 'str' },
  { name: 'backend', type: { values: BACKENDS } },
  { name: 'duration-ms', type: 'number' },
];

const RESET: readonly QmpMember[] = [
  { name: 'guest', type: 'bool' },
  { name: 'reason', type: { values: ['host-qmp-system-reset'] } },
];

/** The events of the machine: QEMU's, and ours under the vendor's name. */
export const MACHINE_EVENTS: readonly EventType[] = [
  { name: 'STOP', data: [] },
  { name: 'RESUME', data: [] },
  { name: 'RESET', data: RESET },
  { name: 'DEVICE_DELETED', data: DELETED },
  { name: 'DEVICE_UNPLUG_GUEST_ERROR', data: DELETED },
  { name: 'VMATTACH_DEVICE_ATTACHED', data: ATTACHMENT },
  { name: 'VMATTACH_DEVICE_DETACHED', data: ATTACHMENT },
];

/** Whom an event is about. */
interface DeviceName {
  readonly id: string | undefined;
  readonly path: string;
}

const subject = ({ id, path }: DeviceName): JsonRecord => ({ device: id, path });

export const stopEvent = (): QmpEvent => ({ event: 'STOP' });
export const resumeEvent = (): QmpEvent => ({ event: 'RESUME' });
export const resetEvent = (): QmpEvent => ({ event: 'RESET', data: { guest: false, reason: 'host-qmp-system-reset' } });
export const deletedEvent = (device: DeviceName): QmpEvent => ({ event: 'DEVICE_DELETED', data: subject(device) });
export const notUnpluggedEvent = (device: DeviceName): QmpEvent => ({ event: 'DEVICE_UNPLUG_GUEST_ERROR', data: subject(device) });

/** What the events of attachment say about a device. */
export interface Attachment extends DeviceName {
  /** What the host calls it: PCI address or mdev UUID. */
  readonly host: string;
  readonly backend: BackendName;
}

export const attachmentOf = ({ spec, path, name, backend }: PlannedDevice): Attachment => ({
  id: spec.id,
  path,
  host: name,
  backend,
});

const HUNDREDTHS = 100;

const attachment = (device: Attachment, milliseconds: number): JsonRecord => ({
  ...subject(device),
  host: device.host,
  backend: device.backend,
  'duration-ms': Math.round(milliseconds * HUNDREDTHS) / HUNDREDTHS,
});

/** @param milliseconds what the attach took, all its steps included */
export const attachedEvent = (device: Attachment, milliseconds: number): QmpEvent => ({
  event: 'VMATTACH_DEVICE_ATTACHED',
  data: attachment(device, milliseconds),
});

/** @param milliseconds what the detach took */
export const detachedEvent = (device: Attachment, milliseconds: number): QmpEvent => ({
  event: 'VMATTACH_DEVICE_DETACHED',
  data: attachment(device, milliseconds),
});
