import type { AddressSpace } from '../backends/address-space.ts';
import { hex } from '../backends/iova-ranges.ts';
import { CONTAINER_NODE } from '../backends/type1-steps.ts';
import { IOMMUFD_NODE } from '../host/stock-nodes.ts';
import { hasErrors, type Plan, type PlannedObject } from '../plan/plan.ts';
import { formatBytes } from '../plan/remedies.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';
import { printable, wrap } from './graph-text.ts';
import type { GraphNode } from './graph.ts';
import { memlockLine } from './memlock-line.ts';
import { outcomeLine } from './outcome-line.ts';

const COLUMNS = 38;

export const MACHINE_ID = 'machine';
export const RAM_ID = 'ram';
export const objectId = (index: number): string => `o${index}`;
export const spaceNodeId = (index: number): string => `s${index}`;

/** A box and everything that problems may call it. */
export interface Resource {
  readonly node: GraphNode;
  readonly subjects: readonly string[];
}

export const machineResource = (plan: Plan): Resource => {
  const { type } = plan.request.machine;
  return {
    node: {
      id: MACHINE_ID,
      kind: 'machine',
      title: `machine ${printable(type)}`,
      lines: [
        type === BARE_MACHINE ? 'built in' : 'run by QEMU',
        `${formatBytes(plan.ram.size)} RAM`,
        ...wrap(outcomeLine(plan), COLUMNS),
      ],
      severity: hasErrors(plan) ? 'error' : undefined,
    },
    subjects: ['/machine'],
  };
};

export const objectResource = ({ path, type, auto, iommufd }: PlannedObject, index: number): Resource => ({
  node: {
    id: objectId(index),
    kind: 'object',
    title: printable(path),
    lines: [
      `-object ${type}${auto ? ', made in the background' : ''}`,
      ...(iommufd?.compat === undefined ? [] : [`compat=${iommufd.compat}`]),
      ...(iommufd === undefined
        ? []
        : [iommufd.fd === undefined ? `${IOMMUFD_NODE}, opened on first use` : `passed as fd ${iommufd.fd}`]),
    ],
  },
  subjects: [path, ...(iommufd === undefined ? [] : [iommufd.fd === undefined ? IOMMUFD_NODE : `fd ${iommufd.fd}`])],
});

export const spaceResource = ({ id, backend, sections }: AddressSpace, index: number): Resource => ({
  node: {
    id: spaceNodeId(index),
    kind: 'space',
    backend,
    title: `address space ${printable(id)}`,
    lines: [
      `backend ${backend}`,
      ...sections.map(({ iova, size }) => `${hex(iova)}-${hex(iova + size - 1n)}  ${formatBytes(size)} rw`),
    ],
  },
  subjects: [id, ...(backend === 'type1' ? [CONTAINER_NODE] : [])],
});

const RAM_KINDS: Readonly<Record<Plan['ram']['kind'], string>> = {
  anonymous: 'anonymous memory',
  memfd: 'memfd',
  file: 'file',
};

export const ramResource = ({ ram, memlock }: Plan): Resource => ({
  node: {
    id: RAM_ID,
    kind: 'ram',
    title: `guest RAM ${printable(ram.id)}`,
    lines: [
      formatBytes(ram.size),
      ...wrap(`${RAM_KINDS[ram.kind]}${ram.file === undefined ? '' : ` ${ram.file.path}`}${ram.shared ? ', shared' : ''}`, COLUMNS),
      ...wrap(memlockLine(memlock), COLUMNS),
    ],
  },
  subjects: [ram.path, 'RLIMIT_MEMLOCK'],
});
