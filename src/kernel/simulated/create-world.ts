import type { HostModel } from '../../host/model.ts';
import { isVfioBound } from '../../host/query.ts';
import { AddressSpace } from './address-space.ts';
import { FdTable } from './fd-table.ts';
import { IommuGroup } from './iommu-group.ts';
import { Memlock } from './memlock.ts';
import { mediatedRegions, regionsOf } from './regions.ts';
import { VfioDevice } from './vfio-device.ts';
import { VfioGroup } from './vfio-group.ts';
import type { World } from './world.ts';

/** Groups of no-IOMMU mode are left out: such a device cannot be opened in the simulation. */
const iommuGroupsOf = (model: HostModel): Map<number, IommuGroup> =>
  new Map(model.groups.filter(({ noIommu }) => noIommu !== true).map((facts) => [facts.id, new IommuGroup(model, facts)]));

const addDevice = (devices: Map<string, VfioDevice>, device: VfioDevice): void => {
  devices.set(device.name, device);
  device.group.devices.add(device);
};

/** The machine that a host model describes, as it is when the process starts. */
export const createWorld = (model: HostModel): World => {
  const iommuGroups = iommuGroupsOf(model);
  const groups = new Map([...iommuGroups].map(([id, iommuGroup]) => [id, new VfioGroup(id, iommuGroup)]));
  const devices = new Map<string, VfioDevice>();
  for (const facts of model.devices.filter(isVfioBound)) {
    const group = facts.group === null ? undefined : groups.get(facts.group);
    if (group !== undefined)
      addDevice(devices, new VfioDevice({ name: facts.address, group, pci: facts, regions: regionsOf(facts) }));
  }
  for (const facts of model.mediatedDevices ?? []) {
    if (facts.group === null) continue;
    // The group of a mediated device is made for it alone; there is no IOMMU behind it.
    iommuGroups.delete(facts.group);
    const group = new VfioGroup(facts.group, null);
    groups.set(facts.group, group);
    addDevice(devices, new VfioDevice({ name: facts.uuid, group, pci: null, regions: mediatedRegions(facts) }));
  }
  return {
    model,
    memory: new AddressSpace(),
    memlock: new Memlock(model.process),
    fds: new FdTable(),
    iommuGroups,
    groups,
    devices,
  };
};
