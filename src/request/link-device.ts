import { textValue, type DeviceSpec } from '../devices/device-spec.ts';
import { DEVICE_TYPES } from '../devices/device-types.ts';
import { failure } from '../errors/problem.ts';
import type { CompositionTree } from '../objects/composition-tree.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import type { LinkedDevice } from './request.ts';

interface Link {
  readonly property: string;
  readonly value: string;
  readonly targets: readonly string[];
}

/** The link properties of each device type. */
const LINKS = new Map(
  DEVICE_TYPES.map((deviceType) => [
    deviceType,
    deviceType.properties.flatMap(({ name, type }) => (type.kind === 'link' ? [{ property: name, targets: type.targets }] : [])),
  ]),
);

const linksOf = ({ type, values }: DeviceSpec): Link[] =>
  (LINKS.get(type) ?? []).flatMap((link) => {
    const value = textValue(values, link.property);
    return value === undefined ? [] : [{ ...link, value }];
  });

/** An empty `iommufd=` silently means type1 in QEMU; here it is an error. @throws CONFLICT, VALUE_INVALID */
const linkOf = (spec: DeviceSpec): Link | undefined => {
  const [first, second] = linksOf(spec);
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

const NO_ROM_SIZE = 0xffff_ffffn;

/** @throws VALUE_INVALID in QEMU's words (hw/pci/pci.c, pci_qdev_realize) */
const checkRomSize = ({ values }: DeviceSpec): void => {
  const size = values.get('romsize');
  if (typeof size === 'bigint' && size !== NO_ROM_SIZE && (size === 0n || (size & (size - 1n)) !== 0n)) {
    throw failure('VALUE_INVALID', `ROM size ${size} is not a power of two`, {
      cause: 'romsize= is the size of a BAR in bytes',
      fixes: ['romsize=65536'],
    });
  }
};

/**
 * Puts a device into the composition tree and resolves its link to an iommufd object.
 * @throws VmattachError in QEMU's words
 */
export const linkDevice = (
  spec: DeviceSpec,
  devfn: number | undefined,
  tree: CompositionTree,
  objects: ReadonlyMap<string, ObjectSpec>,
): LinkedDevice => {
  const link = linkOf(spec);
  const target = link === undefined ? undefined : tree.resolveLink(link.property, link.value, link.targets);
  // What is refused leaves nothing in the tree.
  checkRomSize(spec);
  const { path } = tree.addDevice(spec.id, spec.type.name);
  return { spec, path, devfn, object: target === undefined ? undefined : objects.get(target.path) };
};
