import type { AttachDevice, BackendName } from '../backends/address-space.ts';
import type { DeviceSpec } from '../devices/device-spec.ts';
import type { MediatedDeviceFacts, PciDeviceFacts } from '../host/model.ts';
import type { IommufdObject } from '../backends/address-space.ts';

/** A device of the request with what the host and the selection say about it. */
export interface PlannedDevice extends AttachDevice {
  readonly spec: DeviceSpec;
  readonly backend: BackendName;
  /** One sentence: why this backend. */
  readonly reason: string;
  readonly object: IommufdObject | undefined;
  readonly pci: PciDeviceFacts | undefined;
  readonly mdev: MediatedDeviceFacts | undefined;
}
