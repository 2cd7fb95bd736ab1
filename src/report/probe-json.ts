import type { HostModel } from '../host/model.ts';
import type { ProbedBackend } from '../preflight/probe-kernel.ts';

/** What `probe --format json` prints, `schema` "vmattach.probe/1": docs/probe.schema.json. Keys are stable. */
export const probeJson = ({ kernel, modules, iommus, process }: HostModel, backends: readonly ProbedBackend[]) => ({
  schema: 'vmattach.probe/1',
  kernel,
  backends: backends.map(({ backend, node, refusal, facts }) => ({
    backend,
    node,
    offered: refusal === undefined,
    refusal: refusal ?? null,
    facts,
  })),
  allowUnsafeInterrupts: Object.fromEntries(
    ['vfio_iommu_type1', 'iommufd'].map((module) => [module, modules[module]?.parameters?.['allow_unsafe_interrupts'] ?? null]),
  ),
  iommus,
  memlock: process.memlock,
});
