import type { Kernel } from '../../kernel/kernel.ts';
import { probeKernel } from '../../preflight/probe-kernel.ts';
import { probeJson } from '../../report/probe-json.ts';
import { probeText } from '../../report/probe-text.ts';
import { HOST_OPTIONS, type HostOptionValues } from '../host-options.ts';
import { print } from '../output.ts';
import { readWholeHost } from '../read-host.ts';
import { readOperands } from '../read-operands.ts';
import type { HostModel } from '../../host/model.ts';

/** Its words, for parsing, help, completion and the manual. */
export const PROBE_SYNTAX = {
  name: 'probe',
  summary: `Prints what the kernel offers for each backend, as facts. /dev/vfio/vfio and /dev/iommu are opened and closed; no device is touched.

What that means for a launch, vmattach doctor says.`,
  options: HOST_OPTIONS,
};

const openKernel = async (model: HostModel, isModel: boolean): Promise<Kernel> =>
  isModel
    ? (await import('../../kernel/simulated/simulated-kernel.ts')).createSimulatedKernel(model)
    : (await import('../../kernel/linux/linux-kernel.ts')).createLinuxKernel();

/** `vmattach probe`. @returns the exit status */
export const probe = async (argv: readonly string[]): Promise<number> => {
  const words = readOperands<HostOptionValues>(PROBE_SYNTAX, argv);
  if (words === undefined) {
    return 0;
  }
  const { format, hostModel } = words.values;
  const model = readWholeHost(hostModel);
  const backends = probeKernel(await openKernel(model, hostModel !== undefined));
  print(format === 'json' ? JSON.stringify(probeJson(model, backends), undefined, 2) : probeText(model, backends));
  return 0;
};
