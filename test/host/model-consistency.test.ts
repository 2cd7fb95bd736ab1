import { describe, expect, it } from 'vitest';
import { device, group, hostModel, unprivileged } from './models.ts';
import { named, problemOfModel } from './refusals.ts';

describe('parseHostModel names contradictions', () => {
  const cdev = { name: 'vfio0', device: '511:0' };
  const bound = device({ driver: 'vfio-pci', cdev });

  it.each(
    named([
      [hostModel({ devices: [device(), device()] }), 'devices[1].address: "0000:01:00.0" is also that of devices[0]'],
      [hostModel({ groups: [group(), group()] }), 'groups[1].id: 1 is also that of groups[0]'],
      [hostModel({ devices: [device({ group: 7 })] }), 'devices[0].group: there is no group 7 in groups'],
      [hostModel({ groups: [group({ iommu: 'dmar9' })] }), 'groups[0].iommu: there is no IOMMU "dmar9" in iommus'],
      [
        hostModel({ devices: [device({ physicalFunction: '0000:02:00.0' })] }),
        'devices[0].physicalFunction: there is no device 0000:02:00.0 in devices',
      ],
      [
        hostModel({ devices: [device({ physicalFunction: '0000:01:00.0' })] }),
        'devices[0].physicalFunction: 0000:01:00.0 is itself a virtual function',
      ],
      [hostModel({ devices: [device({ cdev })] }), 'devices[0].cdev: vfio0 needs a vfio driver, the driver is "i40e"'],
      [hostModel({ devices: [device({ cdev, driver: null })] }), 'devices[0].cdev: vfio0 needs a vfio driver, the driver is null'],
      [
        hostModel({ devices: [bound], kernel: { ...hostModel().kernel, vfioCdev: false } }),
        'devices[0].cdev: vfio0 cannot be there while kernel.vfioCdev is false',
      ],
      [
        hostModel({ devices: [device({ driver: 'vfio-pci', group: null })] }),
        'devices[0].driver: vfio-pci binds only devices that have an IOMMU group, the group is null',
      ],
      [
        hostModel({ devices: [bound, device({ ...bound, address: '0000:02:00.0', cdev: { ...cdev, device: '511:1' } })] }),
        'devices[1].cdev.name: "vfio0" is also that of devices[0]',
      ],
      [
        hostModel({ groups: [group({ reserved: [{ start: '0x2000', end: '0x1fff', type: 'msi' }] })] }),
        'groups[0].reserved[0]: starts at 0x2000, after its end 0x1fff',
      ],
      [
        hostModel({ process: unprivileged({ memlock: { soft: 'unlimited', hard: '65536' } }) }),
        'process.memlock.soft: unlimited is above the hard limit 65536',
      ],
    ]),
  )('$message', ({ model, message }) => {
    expect(problemOfModel(model).message).toBe(`host model host.json: ${message}`);
  });
});
