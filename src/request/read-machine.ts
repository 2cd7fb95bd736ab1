import type { RamBlock } from '../backends/ram.ts';
import { failure } from '../errors/problem.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import { isMemoryBackend } from '../objects/object-types.ts';
import type { PropertyValues } from '../objects/property.ts';
import type { KeyvalDict } from '../options/keyval.ts';
import { BARE_MACHINE_PROPERTIES } from './bare-machine-properties.ts';
import { DEFAULT_RAM, readMemory } from './read-memory.ts';
import type { ParsedOptions } from './read-options.ts';
import type { MachineRequest } from './request.ts';

const PAGE = 4096n;
const MIB = 1024n * 1024n;

/** The id QEMU gives the memory that it makes itself on a PC. */
export const DEFAULT_RAM_ID = 'pc.ram';

export const BARE_MACHINE = 'bare';

const roundUp = (size: bigint): bigint => ((size + PAGE - 1n) / PAGE) * PAGE;

/** Both spellings are one property (QEMU hw/core/machine.c); `memory_backend` is the old one. */
const machineOption = (machine: KeyvalDict, name: string): string | undefined => {
  const value = machine.get(name) ?? machine.get(name.replaceAll('-', '_'));
  return typeof value === 'string' ? value : undefined;
};

/** QEMU reads `_` in a property's name as `-` and refuses both spellings together (system/vl.c). */
const checkSpellings = (machine: KeyvalDict): void => {
  const twice = [...machine.keys()].find((key) => key.includes('_') && machine.has(key.replaceAll('_', '-')));
  if (twice !== undefined) {
    throw failure('CONFLICT', `Conflict between '${twice}' and '${twice.replaceAll('_', '-')}'`, { fixes: [`remove ${twice}=`] });
  }
};

/** The memory backend that `-machine` names as guest RAM; without one, the machine makes its own. */
export const namedBackend = (machine: KeyvalDict): string | undefined => machineOption(machine, 'memory-backend');

const BARE_NAMES = new Set(['type', ...BARE_MACHINE_PROPERTIES.map(({ name }) => name)]);

const checkBareProperties = (machine: KeyvalDict): void => {
  const unknown = [...machine.keys()].find((key) => !BARE_NAMES.has(key.replaceAll('_', '-')));
  if (unknown !== undefined) {
    throw failure('PROPERTY_UNKNOWN', `Property 'bare-machine.${unknown}' not found`, {
      cause: `-machine ${BARE_MACHINE} has guest RAM and a PCI bus, and little to set`,
      fixes: [
        `remove ${unknown}=`,
        `vmattach -machine ${BARE_MACHINE},help lists what it takes`,
        'use a machine type of QEMU, e.g. -machine q35',
      ],
    });
  }
};

const valueOf = <T>(values: PropertyValues, name: string, is: (value: unknown) => value is T): T | undefined => {
  const value = values.get(name);
  return is(value) ? value : undefined;
};

const isSize = (value: unknown): value is bigint => typeof value === 'bigint';
const isText = (value: unknown): value is string => typeof value === 'string';

const KINDS: Readonly<Record<string, RamBlock['kind']>> = {
  'memory-backend-ram': 'anonymous',
  'memory-backend-memfd': 'memfd',
  'memory-backend-file': 'file',
};

/** @throws VALUE_INVALID for a size of 0, which QEMU refuses without a location */
export const ramOfObject = ({ type, id, values }: ObjectSpec): RamBlock => {
  const size = valueOf(values, 'size', isSize) ?? 0n;
  if (size === 0n) {
    throw failure('VALUE_INVALID', `property 'size' of ${type.name} doesn't take value '0'`, {
      fixes: ['give a size, e.g. size=1G'],
    });
  }
  const kind = KINDS[type.name] ?? 'anonymous';
  const share = values.get('share');
  const pageSize = valueOf(values, 'hugetlbsize', isSize);
  const memPath = valueOf(values, 'mem-path', isText);
  return {
    id,
    path: `/objects/${id}`,
    size: roundUp(size),
    kind,
    shared: typeof share === 'boolean' ? share : kind === 'memfd',
    reserved: values.get('reserve') !== false,
    hugePages: values.get('hugetlb') === true ? (pageSize === undefined ? {} : { pageSize }) : undefined,
    file: memPath === undefined ? undefined : { path: memPath, offset: valueOf(values, 'offset', isSize) ?? 0n },
  };
};

const defaultRam = (size: bigint, memPath: string | undefined): RamBlock => ({
  id: DEFAULT_RAM_ID,
  path: `/objects/${DEFAULT_RAM_ID}`,
  size: roundUp(size === 0n ? DEFAULT_RAM : size),
  kind: memPath === undefined ? 'anonymous' : 'file',
  shared: false,
  reserved: true,
  hugePages: undefined,
  file: memPath === undefined ? undefined : { path: memPath, offset: 0n },
});

/** The property is a link: an absolute path names an object as well as its id does. */
const namedRam = (name: string, objects: readonly ObjectSpec[]): RamBlock => {
  const paths = new Set(
    [
      name,
      name
        .split('/')
        .filter((part) => part !== '')
        .join('/'),
    ].map((path) => path.replace(/^objects\//, '')),
  );
  const object = objects.find((candidate) => paths.has(candidate.id) && isMemoryBackend(candidate.type.name));
  if (object === undefined) {
    const known = objects.filter((candidate) => isMemoryBackend(candidate.type.name)).map(({ id }) => id);
    throw failure('LINK_NOT_FOUND', `Memory backend '${name}' not found`, {
      cause: known.length === 0 ? 'there is no memory backend' : `the memory backends are ${known.join(', ')}`,
      fixes: [`add -object memory-backend-ram,id=${name},size=1G`],
    });
  }
  return ramOfObject(object);
};

/** Guest RAM: the memory backend that `-machine` names, else what `-m` says. @throws VmattachError in QEMU's words */
export const readMachine = (parsed: ParsedOptions, objects: readonly ObjectSpec[], defaultType: string): MachineRequest => {
  checkSpellings(parsed.machine);
  const type = machineOption(parsed.machine, 'type') ?? defaultType;
  if (type === BARE_MACHINE) {
    checkBareProperties(parsed.machine);
  }
  const asked = readMemory(parsed);
  const backend = namedBackend(parsed.machine);
  if (backend === undefined) {
    return { type, ram: defaultRam(asked, parsed.memPath) };
  }
  if (parsed.memPath !== undefined) {
    // QEMU's own text, which lacks a blank.
    throw failure('CONFLICT', "'-mem-path' can't be used together with'-machine memory-backend'", { fixes: ['remove -mem-path'] });
  }
  const ram = namedRam(backend, objects);
  if (asked !== 0n && asked !== ram.size) {
    throw failure('CONFLICT', 'Machine memory size does not match the size of the memory backend', {
      cause: `-m says ${asked} bytes, '${backend}' has ${ram.size}`,
      fixes: ['leave -m out', `-m ${ram.size / MIB}M`],
    });
  }
  return { type, ram };
};
