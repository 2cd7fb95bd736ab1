import type { PlannedDevice } from '../../plan/planned-device.ts';
import { classWord } from '../../preflight/pci-classes.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';
import type { JsonRecord } from '../json-text.ts';
import type { MachineHost } from '../machine-host.ts';

const DEVICE_INFO = {
  members: [
    { name: 'bus', type: 'int' },
    { name: 'slot', type: 'int' },
    { name: 'function', type: 'int' },
    {
      name: 'class_info',
      type: {
        members: [
          { name: 'desc', type: 'str', optional: true },
          { name: 'class', type: 'int' },
        ],
      },
    },
    {
      name: 'id',
      type: {
        members: [
          { name: 'device', type: 'int' },
          { name: 'vendor', type: 'int' },
        ],
      },
    },
    { name: 'irq_pin', type: 'int' },
    { name: 'qdev_id', type: 'str' },
    { name: 'regions', type: { list: 'any' } },
  ],
} as const;

const hex = (digits: string): number => Number.parseInt(digits, 16);

/** No guest has given the device addresses or an interrupt, so it shows none. Only PCI devices have a place on the bus. */
const deviceInfo = ({ spec, pci }: PlannedDevice, devfn: number): readonly JsonRecord[] =>
  pci === undefined
    ? []
    : [
        {
          bus: 0,
          slot: devfn >> 3,
          function: devfn & 7,
          class_info: { desc: classWord(pci.class), class: hex(pci.class.slice(0, 4)) },
          id: { device: hex(pci.device), vendor: hex(pci.vendor) },
          irq_pin: 0,
          qdev_id: spec.id ?? '',
          regions: [],
        },
      ];

/** The one bus of the built-in machine. */
export const queryPci = ({ machine }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'query-pci',
    arguments: [],
    returns: {
      list: {
        members: [
          { name: 'bus', type: 'int' },
          { name: 'devices', type: { list: DEVICE_INFO } },
        ],
      },
    },
    run: () => {
      const { devices, request } = machine().plan;
      const places = new Map(request.devices.map(({ path, devfn }) => [path, devfn]));
      const placed = devices.flatMap((device) => {
        const devfn = places.get(device.path);
        return devfn === undefined ? [] : [{ device, devfn }];
      });
      const inOrder = placed.toSorted((one, other) => one.devfn - other.devfn);
      return [{ bus: 0, devices: inOrder.flatMap(({ device, devfn }) => deviceInfo(device, devfn)) }];
    },
  });
