import type { BackendName } from '../backends/address-space.ts';
import type { Problem } from '../errors/problem.ts';
import type { HostModel } from '../host/model.ts';
import { scanArgv } from '../options/scan-argv.ts';
import { createPlan } from '../plan/create-plan.ts';
import type { BackendSettings } from '../plan/select-backend.ts';
import { readRequest } from '../request/read-request.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';

/** Whether a device can be attached through a backend, and what stands against it. */
export interface BackendAnswer {
  readonly backend: Extract<BackendName, 'type1' | 'iommufd'>;
  readonly usable: boolean;
  /** Of level error only. */
  readonly problems: readonly Problem[];
}

const BACKENDS_ASKED: readonly BackendAnswer['backend'][] = ['type1', 'iommufd'];

/** Smaller than any guest, so that what is found lies with the device and not with the size of a guest. */
const LEAST_MEMORY = '1M';

const settingsFor = (backend: BackendAnswer['backend']): BackendSettings => ({ byDefault: backend, enabled: new Set([backend]) });

/**
 * Asks the planner about a launch with this one device: there is no second opinion on what can be passed.
 * @param address full PCI address
 */
export const askPlanner = (address: string, model: HostModel): readonly BackendAnswer[] => {
  const argv = ['-machine', BARE_MACHINE, '-m', LEAST_MEMORY, '-device', `vfio-pci,host=${address}`];
  const request = readRequest(scanArgv(argv, []), BARE_MACHINE);
  return BACKENDS_ASKED.map((backend) => {
    const problems = createPlan(request, model, settingsFor(backend)).problems.filter(({ severity }) => severity === 'error');
    return { backend, usable: problems.length === 0, problems };
  });
};
