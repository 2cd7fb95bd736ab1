import type { Property } from '../objects/property.ts';

/** What `-machine bare,…` takes, beside `type`. */
export const BARE_MACHINE_PROPERTIES: readonly Property[] = [
  {
    name: 'boot',
    type: { kind: 'string', typeName: 'BootConfiguration' },
    description: 'as -boot writes it; nothing boots here',
    engineOnly: true,
  },
  { name: 'memory', type: { kind: 'string', typeName: 'MemorySizeConfiguration' }, description: 'guest RAM, as -m writes it' },
  {
    name: 'memory-backend',
    type: { kind: 'link', targets: ['memory-backend'] },
    description: 'the memory backend that is guest RAM',
  },
  {
    name: 'smp',
    type: { kind: 'string', typeName: 'SMPConfiguration' },
    description: 'as -smp writes it; there are no CPUs here',
    engineOnly: true,
  },
];
