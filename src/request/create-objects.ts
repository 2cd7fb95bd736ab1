import { failure } from '../errors/problem.ts';
import type { CompositionTree } from '../objects/composition-tree.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import { checkFdReference } from '../objects/read-property.ts';
import { isMemoryBackend } from '../objects/object-types.ts';
import { checkBackend } from './check-backend.ts';
import { DEFAULT_RAM_ID, ramOfObject } from './read-machine.ts';
import type { MachineRequest } from './request.ts';

/** QEMU makes iommufd objects before the machine and memory backends after it, each kind in command-line order. */
const inCreationOrder = (objects: readonly ObjectSpec[]): ObjectSpec[] => [
  ...objects.filter(({ type }) => type.creation === 'early'),
  ...objects.filter(({ type }) => type.creation === 'late'),
];

/** Puts the objects into the composition tree. @returns them by path. @throws ID_DUPLICATE, VALUE_INVALID for an fd that is no number */
export const createObjects = (objects: readonly ObjectSpec[], tree: CompositionTree): ReadonlyMap<string, ObjectSpec> =>
  new Map(
    inCreationOrder(objects).map((object) => {
      const fd = object.values.get('fd');
      if (typeof fd === 'string') {
        checkFdReference(fd);
      }
      return [tree.addObject(object.id, object.type.name).path, object];
    }),
  );

/** QEMU allocates every memory backend, also one that no machine uses. @throws VALUE_INVALID in QEMU's words */
export const checkBackends = (objects: readonly ObjectSpec[]): void => {
  for (const object of objects.filter(({ type }) => isMemoryBackend(type.name))) {
    ramOfObject(object);
    checkBackend(object);
  }
};

/** The memory that `-m` alone makes is an object too, and its id is taken (QEMU hw/core/machine.c). @throws ID_DUPLICATE */
export const createDefaultRam = ({ ram }: MachineRequest, objects: readonly ObjectSpec[], tree: CompositionTree): void => {
  if (objects.some(({ id }) => id === DEFAULT_RAM_ID)) {
    throw failure(
      'ID_DUPLICATE',
      `object's id '${DEFAULT_RAM_ID}' is reserved for the default RAM backend, it can't be used for any other purposes`,
      { fixes: [`-machine ...,memory-backend=${DEFAULT_RAM_ID}`, "change the object's id"] },
    );
  }
  tree.addObject(ram.id, ram.kind === 'file' ? 'memory-backend-file' : 'memory-backend-ram');
};
