import { groupNode } from '../backends/group-steps.ts';
import type { DeviceEntry } from '../plan/plan-device.ts';
import type { PlannedDevice } from '../plan/planned-device.ts';
import type { DeviceStack } from './device-stacks.ts';
import { printable, wrap } from './graph-text.ts';
import type { GraphNode } from './graph.ts';

/** Where the kernel would have made its cdev. */
const CDEV_FOLDER = '/dev/vfio/devices';
const NO_CDEV = 'no cdev';

const COLUMNS = 38;

/** Addresses of a stack in one line, and how many such lines are shown. */
const ADDRESSES_PER_LINE = 8;
const ADDRESS_LINES = 32;

/** What a person calls the device of the host: its PCI address, its UUID, else the device of the guest. */
export const deviceName = ({ identity, linked }: DeviceEntry): string =>
  identity === undefined || identity.name === '' ? linked.path : identity.name;

const kindOfDevice = ({ linked: { spec, path } }: DeviceEntry): string =>
  spec.id === undefined ? `${spec.type.name}, ${path.slice(path.lastIndexOf('/') + 1)}` : `${spec.type.name}, id ${spec.id}`;

/** What is opened to get at the device. */
export const deviceAccess = ({ backend, cdev, fd, group }: PlannedDevice): string => {
  if (fd !== undefined) {
    return `fd ${fd}`;
  }
  return backend === 'iommufd' ? (cdev?.path ?? NO_CDEV) : groupNode(group);
};

const decision = ({ selection, device }: DeviceEntry): string[] => [
  ...(device === undefined ? ['cannot be attached'] : []),
  ...(selection === undefined ? [] : wrap(`${selection.backend}: ${selection.reason}`, COLUMNS)),
];

const alone = (entry: DeviceEntry): Pick<GraphNode, 'title' | 'lines'> => {
  const hardware = entry.device?.pci?.name ?? entry.device?.mdev?.type;
  return {
    title: printable(deviceName(entry)),
    lines: [
      ...(hardware === undefined ? [] : wrap(hardware, COLUMNS)),
      ...wrap(kindOfDevice(entry), COLUMNS),
      ...(entry.device === undefined ? [] : wrap(deviceAccess(entry.device), COLUMNS)),
      ...decision(entry),
    ],
  };
};

/** All addresses are in domain 0 almost always: then it is left out. */
const addressLines = (stack: DeviceStack): string[] => {
  const names = stack.map((entry) => printable(deviceName(entry)));
  const shown = names.every((name) => /^0000:\w\w:\w\w\.\w$/.test(name)) ? names.map((name) => name.slice('0000:'.length)) : names;
  const lines = Array.from({ length: Math.ceil(shown.length / ADDRESSES_PER_LINE) }, (_, index) =>
    shown.slice(index * ADDRESSES_PER_LINE, (index + 1) * ADDRESSES_PER_LINE).join('  '),
  );
  return lines.length <= ADDRESS_LINES
    ? lines
    : [...lines.slice(0, ADDRESS_LINES), `and ${stack.length - ADDRESS_LINES * ADDRESSES_PER_LINE} more`];
};

const many = (stack: DeviceStack): Pick<GraphNode, 'title' | 'lines'> => {
  const [first] = stack;
  const hardware = first.device?.pci?.name ?? first.device?.mdev?.type ?? first.linked.spec.type.name;
  return { title: `${stack.length} × ${printable(hardware)}`, lines: [...addressLines(stack), ...decision(first)] };
};

export const deviceNode = (stack: DeviceStack, index: number): GraphNode => ({
  id: `d${index}`,
  kind: 'device',
  backend: stack[0].selection?.backend,
  tooltip: stack
    .map(({ linked }) => printable(linked.spec.location))
    .slice(0, ADDRESSES_PER_LINE)
    .join(' '),
  ...(stack.length === 1 ? alone(stack[0]) : many(stack)),
});

/** Everything a problem may call these devices. */
export const deviceSubjects = (stack: DeviceStack): readonly string[] =>
  stack.flatMap(({ linked, identity, device }) => [
    linked.path,
    ...(identity === undefined ? [] : [identity.name, identity.sysfs]),
    ...(identity?.fd === undefined ? [] : [`fd ${identity.fd}`]),
    ...(device === undefined ? [] : [`group ${device.group}`, groupNode(device.group)]),
    ...(device?.cdev === undefined ? [] : [device.cdev.path]),
    ...(device !== undefined && deviceAccess(device) === NO_CDEV ? [CDEV_FOLDER] : []),
  ]);
