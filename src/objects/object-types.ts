import type { Property } from './property.ts';

/** A type that `-object` can create here. */
export interface ObjectType {
  readonly name: string;
  readonly description: string;
  readonly properties: readonly Property[];
  /**
   * QEMU creates most objects before the machine and memory backends after it (system/vl.c, object_create_early); so an
   * iommufd exists before any memory backend whatever the order of the options.
   */
  readonly creation: 'early' | 'late';
}

const BOOLEAN = { kind: 'boolean' } as const;
const SIZE = { kind: 'size', typeName: 'int' } as const;
const STRING = { kind: 'string' } as const;

const FD: Property = { name: 'fd', type: { kind: 'fd' }, description: 'an open /dev/iommu to use instead of opening one' };

/** Properties shared by all memory backends (QEMU backends/hostmem.c, 10.0). */
const MEMORY_BACKEND: readonly Property[] = [
  { name: 'size', type: SIZE, required: true, description: 'bytes of memory' },
  { name: 'share', type: BOOLEAN, default: 'off', description: 'map the memory shared, so that other processes see writes' },
  { name: 'prealloc', type: BOOLEAN, default: 'off', engineOnly: true, description: 'touch all pages at start' },
  {
    name: 'prealloc-threads',
    type: { kind: 'uint32', typeName: 'int' },
    default: '1',
    engineOnly: true,
    description: 'threads that touch pages',
  },
  {
    name: 'prealloc-context',
    type: { kind: 'string', typeName: 'link<thread-context>' },
    engineOnly: true,
    description: 'thread-context object for these threads',
  },
  { name: 'merge', type: BOOLEAN, default: 'on', engineOnly: true, description: 'let the kernel merge identical pages' },
  { name: 'dump', type: BOOLEAN, default: 'on', engineOnly: true, description: 'include the memory in core dumps' },
  { name: 'reserve', type: BOOLEAN, default: 'on', description: 'reserve swap space or huge pages' },
  {
    name: 'policy',
    type: { kind: 'enum', values: ['default', 'preferred', 'bind', 'interleave'], typeName: 'HostMemPolicy' },
    default: 'default',
    engineOnly: true,
    description: 'NUMA policy of the host',
  },
  { name: 'host-nodes', type: { kind: 'uint16-list' }, engineOnly: true, description: 'NUMA nodes of the host' },
  {
    name: 'x-use-canonical-path-for-ramblock-id',
    type: BOOLEAN,
    default: 'off',
    engineOnly: true,
    description: 'name the RAM block by its path (migration compatibility)',
  },
];

const IOMMUFD: ObjectType = {
  name: 'iommufd',
  description: 'an iommufd context: I/O address spaces for the devices that link to it',
  creation: 'early',
  properties: [
    FD,
    {
      name: 'compat',
      type: { kind: 'enum', values: ['type1v2', 'type1'], typeName: 'IOMMUFDCompat' },
      description: "use the kernel's VFIO compatibility layer: devices go through group and container calls on this iommufd",
    },
  ],
};

export const OBJECT_TYPES: readonly ObjectType[] = [
  IOMMUFD,
  {
    ...IOMMUFD,
    name: 'iommu',
    description: 'another name for an iommufd object; for devices of type vfio-iommu-pci',
    properties: [FD],
  },
  {
    name: 'memory-backend-file',
    description: 'guest RAM in a file',
    creation: 'late',
    properties: [
      ...MEMORY_BACKEND,
      { name: 'mem-path', type: STRING, required: true, description: 'the file, or a folder to create one in' },
      { name: 'offset', type: SIZE, default: '0', description: 'bytes into the file where the memory starts' },
      { name: 'align', type: SIZE, engineOnly: true, description: 'alignment of the mapping in bytes' },
      { name: 'discard-data', type: BOOLEAN, default: 'off', engineOnly: true, description: 'drop the content at exit' },
      { name: 'pmem', type: BOOLEAN, default: 'off', engineOnly: true, description: 'the file is persistent memory' },
      { name: 'readonly', type: BOOLEAN, default: 'off', engineOnly: true, description: 'open the file read-only' },
      {
        name: 'rom',
        type: { kind: 'enum', values: ['auto', 'on', 'off'], typeName: 'OnOffAuto' },
        default: 'auto',
        engineOnly: true,
        description: 'make the memory read-only for the guest',
      },
    ],
  },
  {
    name: 'memory-backend-memfd',
    description: 'guest RAM in an anonymous shared file (memfd)',
    creation: 'late',
    properties: [
      ...MEMORY_BACKEND.map((property) => (property.name === 'share' ? { ...property, default: 'on' } : property)),
      { name: 'hugetlb', type: BOOLEAN, default: 'off', description: 'take the memory from the pool of huge pages' },
      { name: 'hugetlbsize', type: SIZE, description: 'size of a huge page in bytes' },
      { name: 'seal', type: BOOLEAN, default: 'on', engineOnly: true, description: 'forbid to resize the memory' },
    ],
  },
  { name: 'memory-backend-ram', description: 'anonymous guest RAM', creation: 'late', properties: MEMORY_BACKEND },
];

export const findObjectType = (name: string): ObjectType | undefined => OBJECT_TYPES.find((type) => type.name === name);

export const isMemoryBackend = (typeName: string): boolean => typeName.startsWith('memory-backend-');
