import type { DeviceSpec } from '../devices/device-spec.ts';
import { textValue } from '../devices/device-spec.ts';
import type { EngineDevice } from '../devices/parse-device.ts';
import { failure, withLocation } from '../errors/problem.ts';
import { CompositionTree } from '../objects/composition-tree.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import { isMemoryBackend } from '../objects/object-types.ts';
import type { EngineObject } from '../objects/parse-object.ts';
import type { ScannedArgv } from '../options/scan-argv.ts';
import { checkBareOptions } from './bare-options.ts';
import { checkBoot, checkCpuTopology } from './machine-members.ts';
import { placeDevices } from './placement.ts';
import { BARE_MACHINE, DEFAULT_RAM_ID, namedBackend, ramOfObject, readMachine } from './read-machine.ts';
import { readOptions } from './read-options.ts';
import type { LaunchRequest, LinkedDevice } from './request.ts';

const isOwnObject = (object: ObjectSpec | EngineObject): object is ObjectSpec => 'type' in object;
const isOwnDevice = (device: DeviceSpec | EngineDevice): device is DeviceSpec => 'type' in device;

const engineOnly = (what: string, location: string) =>
  failure('TYPE_UNKNOWN', `${what} is not supported by -machine bare`, {
    location,
    cause: 'bare holds passed-through devices and guest RAM; everything else needs a VMM engine',
    fixes: ['use a machine type of QEMU, e.g. -machine q35'],
  });

const refuseEngineParts = (
  objects: readonly (ObjectSpec | EngineObject)[],
  devices: readonly (DeviceSpec | EngineDevice)[],
): void => {
  for (const object of objects) {
    if (!isOwnObject(object)) {
      throw engineOnly(`object type '${object.engineType}'`, object.location);
    }
  }
  for (const device of devices) {
    if (!isOwnDevice(device)) {
      throw engineOnly(`device '${device.driver}'`, device.location);
    }
  }
};

/** QEMU makes iommufd objects before the machine and memory backends after it, each kind in command-line order. */
const inCreationOrder = (objects: readonly ObjectSpec[]): ObjectSpec[] => [
  ...objects.filter(({ type }) => type.creation === 'early'),
  ...objects.filter(({ type }) => type.creation === 'late'),
];

/** QEMU allocates every memory backend, also one that no machine uses. @throws VALUE_INVALID for a size of 0 */
const checkBackendSizes = (objects: readonly ObjectSpec[]): void => {
  for (const object of objects) {
    if (isMemoryBackend(object.type.name)) {
      ramOfObject(object);
    }
  }
};

/** The machine makes an object of this id itself (QEMU hw/core/machine.c). */
const checkReservedId = (objects: readonly ObjectSpec[]): void => {
  if (objects.some(({ id }) => id === DEFAULT_RAM_ID)) {
    throw failure(
      'ID_DUPLICATE',
      `object's id '${DEFAULT_RAM_ID}' is reserved for the default RAM backend, it can't be used for any other purposes`,
      { fixes: [`-machine ...,memory-backend=${DEFAULT_RAM_ID}`, "change the object's id"] },
    );
  }
};

/** An empty `iommufd=` silently means type1 in QEMU; here it is an error. */
const linkOf = (
  spec: DeviceSpec,
): { readonly property: string; readonly value: string; readonly targets: readonly string[] } | undefined => {
  const given = spec.type.properties.flatMap((property) => {
    const value = property.type.kind === 'link' ? textValue(spec.values, property.name) : undefined;
    return value === undefined || property.type.kind !== 'link'
      ? []
      : [{ property: property.name, value, targets: property.type.targets }];
  });
  const [first, second] = given;
  if (first !== undefined && second !== undefined && first.value !== second.value) {
    throw failure('CONFLICT', `${first.property}=${first.value} and ${second.property}=${second.value} name different objects`, {
      cause: 'both properties say which iommufd object the device attaches to',
      fixes: [`remove ${second.property}=`],
    });
  }
  if (first?.value === '') {
    throw failure('VALUE_INVALID', `Property '${spec.type.name}.${first.property}' doesn't take value ''`, {
      cause: `an empty ${first.property}= would attach the device through type1 without a word`,
      fixes: [`${first.property}=ID with the id of an iommufd object`, `leave ${first.property}= out to use the default backend`],
    });
  }
  return first;
};

const linkDevice = (spec: DeviceSpec, tree: CompositionTree, objects: ReadonlyMap<string, ObjectSpec>): LinkedDevice => {
  const link = linkOf(spec);
  const target = link === undefined ? undefined : tree.resolveLink(link.property, link.value, link.targets);
  const { path } = tree.addDevice(spec.id, spec.type.name);
  return { spec, path, object: target === undefined ? undefined : objects.get(target.path) };
};

/**
 * From a scanned command line to specs in a composition tree: parsed, created in QEMU's order, linked. Nothing is known about
 * the host yet and nothing has been opened.
 * @param defaultMachine the machine type where `-machine` does not say
 * @throws VmattachError in QEMU's words
 */
export const readRequest = (scanned: ScannedArgv, defaultMachine: string): LaunchRequest => {
  const parsed = readOptions(scanned.options);
  const objects = parsed.objects.filter(isOwnObject);
  const tree = new CompositionTree();
  const created = new Map<string, ObjectSpec>();
  for (const object of inCreationOrder(objects)) {
    created.set(tree.addObject(object.id, object.type.name).path, object);
  }
  checkBoot(parsed.boot);
  checkCpuTopology(parsed.cpuTopology);
  checkBackendSizes(objects);
  const machine = readMachine(parsed, objects, defaultMachine);
  const isBare = machine.type === BARE_MACHINE;
  if (isBare) {
    checkBareOptions(scanned);
    refuseEngineParts(parsed.objects, parsed.devices);
  }
  if (namedBackend(parsed.machine) === undefined) {
    checkReservedId(objects);
    tree.addObject(machine.ram.id, machine.ram.kind === 'file' ? 'memory-backend-file' : 'memory-backend-ram');
  }
  const place = placeDevices(machine.type);
  const devices = parsed.devices.filter(isOwnDevice).map((spec) =>
    withLocation(spec.location, () => {
      place(spec);
      return linkDevice(spec, tree, created);
    }),
  );
  return { machine, objects, devices, tree, warnings: parsed.warnings };
};
