import { readdirSync, readlinkSync } from 'node:fs';
import { deviceFdSlot, ramSlot } from '../../../src/backends/slots.ts';
import { thisHost, type HostAccess, type HostView } from '../../../src/cli/host-access.ts';
import { OWN_OPTIONS } from '../../../src/cli/own-options.ts';
import { parseSettings } from '../../../src/cli/parse-settings.ts';
import type { HostModel } from '../../../src/host/model.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { BareMachine } from '../../../src/machine/bare-machine.ts';
import { scanArgv } from '../../../src/options/scan-argv.ts';
import { createPlan } from '../../../src/plan/create-plan.ts';
import { launchSteps } from '../../../src/plan/launch-steps.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { readRequest } from '../../../src/request/read-request.ts';

export interface PlannedLaunch {
  readonly plan: Plan;
  readonly host: HostAccess;
}

/**
 * Plans a command line of the built-in machine on this host, as the program does.
 * @param doctor changes the facts before planning: shows what the kernel does when the plan is wrong about the host
 * @param view `vmattach plan` also looks for who holds the nodes
 */
export const planHere = (
  args: readonly string[],
  doctor: (facts: HostModel) => HostModel = (facts) => facts,
  view: HostView = {},
): PlannedLaunch => {
  const scanned = scanArgv(['-machine', 'bare', '-m', '64M', ...args], OWN_OPTIONS);
  const settings = parseSettings(scanned.options.filter(({ qemu }) => qemu === undefined));
  const request = readRequest(scanned, 'bare');
  const host = thisHost(request, view);
  return { plan: createPlan(request, doctor(host.facts), settings.backends), host };
};

const attached = new Set<BareMachine>();

/** For afterEach: a test that failed leaves nothing attached, for unbinding a device that is open would block for ever. */
export const detachAll = async (): Promise<void> => {
  for (const machine of attached) {
    attached.delete(machine);
    await machine.detach();
  }
};

/** Plans and attaches for real, in this process. @throws VmattachError */
export const attachHere = async (
  kernel: Kernel,
  args: readonly string[],
  doctor?: (facts: HostModel) => HostModel,
): Promise<BareMachine> => {
  const { plan, host } = planHere(args, doctor);
  const problem = plan.problems.find(({ severity }) => severity === 'error');
  if (problem !== undefined) throw new Error(`the plan refuses: ${problem.message}`);
  const machine = await BareMachine.attach(plan, kernel, host.reread);
  attached.add(machine);
  return machine;
};

/**
 * Attaches for real although the plan refuses: shows what the kernel itself says.
 * @throws VmattachError
 */
export const attachAnyway = async (
  kernel: Kernel,
  args: readonly string[],
  doctor?: (facts: HostModel) => HostModel,
): Promise<BareMachine> => {
  const { plan, host } = planHere(args, doctor);
  const steps = launchSteps(plan.request, plan.devices, plan.spaces);
  const machine = await BareMachine.attach({ ...plan, steps }, kernel, host.reread);
  attached.add(machine);
  return machine;
};

/** The fd of the n-th device. */
export const deviceFd = (machine: BareMachine, index = 0): number => {
  const device = machine.plan.devices[index];
  if (device === undefined) throw new Error(`there is no device ${index}`);
  return machine.session.get(deviceFdSlot(device)).number;
};

/** Guest RAM as bytes; guest address 0 is byte 0 as long as it is below 4 GiB. */
export const guestRam = (machine: BareMachine): Uint8Array => {
  const { ram } = machine.plan;
  return machine.session.kernel.view(machine.session.get(ramSlot(ram.id)).address, Number(ram.size));
};

/** Open files of this process that belong to VFIO or iommufd: none may stay after a detach or a failure. */
export const openVfioFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${number}`);
      return /\/dev\/(vfio|iommu)|vfio-device/.test(target) ? [target] : [];
    } catch {
      return [];
    }
  });
