import { MACHINE_TYPE } from '../devices/type-hierarchy.ts';
import type { TreeNode } from '../objects/composition-tree.ts';
import { kindLabel, type Property, type PropertyValues } from '../objects/property.ts';
import { findObjectType } from '../objects/object-types.ts';
import type { Plan } from '../plan/plan.ts';
import type { LinkedDevice } from '../request/request.ts';
import type { JsonOutput } from './json-text.ts';
import type { MachineHost } from './machine-host.ts';
import { listedProperties } from './listed-properties.ts';
import { defaultOutput, unsetOutput, valueOutput } from './property-output.ts';

/** A property of an object as it is now. */
export interface QomProperty {
  readonly name: string;
  readonly type: string;
  /** Undefined when it cannot be read. */
  readonly value: JsonOutput | undefined;
}

const MACHINE = '/machine';

/** The tree knows only that the machine holds others. */
export const typeOf = (node: TreeNode): string => (node.path === MACHINE ? MACHINE_TYPE : node.type);

const plainValue = (property: Property, values: PropertyValues): JsonOutput | undefined => {
  if (property.type.kind === 'fd') {
    return undefined;
  }
  const given = values.get(property.name);
  return given === undefined ? (defaultOutput(property) ?? unsetOutput(property)) : valueOutput(given);
};

const deviceValue = (property: Property, { spec, devfn, object }: LinkedDevice, plan: Plan): JsonOutput | undefined => {
  const { name, type } = property;
  if (type.kind === 'link') {
    return spec.values.has(name) && object !== undefined ? `/objects/${object.id}` : '';
  }
  if (type.kind === 'pci-slot') {
    return devfn ?? -1;
  }
  const identity = plan.entries.find(({ linked }) => linked.spec === spec)?.identity;
  // Realizing fills it in where the device was named by its address (hw/vfio/pci.c, vfio_pci_realize).
  if (name === 'sysfsdev' && identity !== undefined && !spec.values.has('fd')) {
    return identity.sysfs;
  }
  return type.kind === 'pci-host-address' && identity?.kind === 'pci' ? identity.name : plainValue(property, spec.values);
};

const flag = (name: string, value: boolean): QomProperty => ({ name, type: 'bool', value });

const ofDevice = (device: LinkedDevice, { machine, state }: MachineHost): QomProperty[] => [
  ...listedProperties(device.spec.type).map((property) => ({
    name: property.name,
    type: kindLabel(property.type),
    value: deviceValue(property, device, machine().plan),
  })),
  flag('realized', true),
  flag('hotpluggable', device.spec.type.hotpluggable),
  flag('hotplugged', state.hotplugged.has(device.path)),
];

/** Guest RAM that `-m` asked for is an object that nobody wrote; its size is all there is to say about it. */
const ofObject = (node: TreeNode, { ram, request }: Plan): QomProperty[] => {
  const spec = request.objects.find(({ id }) => `/objects/${id}` === node.path);
  const values = spec?.values ?? new Map([['size', ram.size]]);
  return (findObjectType(node.type)?.properties ?? []).map((property) => ({
    name: property.name,
    type: kindLabel(property.type),
    value: plainValue(property, values),
  }));
};

/** Every property of an object: its type first, then those of its table, then what it contains. */
export const propertiesOf = (node: TreeNode, host: MachineHost): readonly QomProperty[] => {
  const { plan } = host.machine();
  const { tree, devices } = plan.request;
  const device = devices.find(({ path }) => path === node.path);
  return [
    { name: 'type', type: 'string', value: typeOf(node) },
    ...(device === undefined ? ofObject(node, plan) : ofDevice(device, host)),
    ...tree.children(node.path).map((child) => ({ name: child.name, type: `child<${typeOf(child)}>`, value: child.path })),
  ];
};
