import type { DeviceEntry } from '../plan/plan-device.ts';
import type { Lowered } from './engine-command.ts';
import { namedFdReason } from './named-fd-reason.ts';

/** Device types that only vmattach has, and what they are to the engine. */
const ENGINE_TYPES: Readonly<Record<string, string>> = { 'vfio-iommu-pci': 'vfio-pci' };

/**
 * A device in the engine's words: it names its iommufd object itself, by the property the engine knows.
 * @param automaticId id of the object that is made in the background
 * @param fd of its cdev, if that is open by then
 */
export const lowerDevice = (entry: DeviceEntry, automaticId: string | undefined, fd: number | undefined): Lowered => {
  const { linked, selection, object } = entry;
  const { type, values } = linked.spec;
  const edits = new Map<string, string | undefined>();
  const reasons: string[] = [];
  const driver = ENGINE_TYPES[type.name];
  if (driver !== undefined) {
    edits.set('driver', driver);
    reasons.push(`QEMU has no ${type.name}; its ${driver} with an iommufd object is the same`);
  }
  if (values.has('iommu')) {
    edits.set('iommu', undefined);
    edits.set('iommufd', linked.object?.id);
    reasons.push("iommu= is vmattach's other name for iommufd=");
  } else if (object !== undefined && linked.object === undefined) {
    edits.set('iommufd', automaticId);
    reasons.push(`it is attached through iommufd: ${selection?.reason ?? 'it was asked for'}`);
  }
  if (fd !== undefined) {
    edits.set('fd', String(fd));
    reasons.push(namedFdReason(values, entry.device?.cdev?.path ?? 'its cdev'));
  }
  return { edits, reasons };
};
