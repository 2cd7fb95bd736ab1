import type { AddressSpace, IommufdObject } from '../backends/address-space.ts';
import type { RamBlock } from '../backends/ram.ts';
import type { Step } from '../backends/step.ts';
import type { Problem } from '../errors/problem.ts';
import type { FdFacts } from '../host/model.ts';
import type { LaunchRequest } from '../request/request.ts';
import type { MemlockPlan } from './memlock.ts';
import type { DeviceEntry } from './plan-device.ts';
import type { PlannedDevice } from './planned-device.ts';

export interface PlannedFd {
  readonly number: number;
  readonly kind: FdFacts['kind'];
  /** QOM path of the object or device that uses it. */
  readonly owner: string;
}

/** An object of the composition tree as the plan lists it. */
export interface PlannedObject {
  readonly path: string;
  readonly id: string;
  readonly type: string;
  /** Made in the background: nobody wrote it on the command line. */
  readonly auto: boolean;
  readonly iommufd: IommufdObject | undefined;
}

/** What a launch will do on a host, and what stands against it. A pure function of command line and host facts. */
export interface Plan {
  readonly request: LaunchRequest;
  readonly ram: RamBlock;
  readonly objects: readonly PlannedObject[];
  /** Every device of the request. */
  readonly entries: readonly DeviceEntry[];
  /** Those that are on the host and could be attached. */
  readonly devices: readonly PlannedDevice[];
  readonly spaces: readonly AddressSpace[];
  readonly fds: readonly PlannedFd[];
  readonly memlock: MemlockPlan;
  /** Empty when a problem of level error stands against the launch. */
  readonly steps: readonly Step[];
  readonly problems: readonly Problem[];
}

export const hasErrors = (plan: Pick<Plan, 'problems'>): boolean => plan.problems.some(({ severity }) => severity === 'error');

/** A plan with more that stands against it, behind its own problems or before them: nothing is done when any of it is an error. */
export const withProblems = (plan: Plan, behind: readonly Problem[], before: readonly Problem[] = []): Plan => {
  const problems = [...before, ...plan.problems, ...behind];
  return { ...plan, steps: hasErrors({ problems }) ? [] : plan.steps, problems };
};
