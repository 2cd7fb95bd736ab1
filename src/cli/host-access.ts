import type { HostModel } from '../host/model.ts';
import { readHostFacts } from '../host/linux-facts.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { createLinuxKernel } from '../kernel/linux/linux-kernel.ts';
import { raiseThreadPool } from '../kernel/linux/thread-pool.ts';
import type { FactsRequest } from '../host/linux-facts.ts';
import { withLimitModes } from './limit-modes.ts';
import { passedFd } from '../plan/plan-objects.ts';
import { wantedFacts } from '../plan/device-identity.ts';
import type { LaunchRequest } from '../request/request.ts';

/** The host a launch runs on: this one, or one that a model describes. */
export interface HostAccess {
  readonly facts: HostModel;
  /** The facts as they are now, with who holds what; to explain a failure. */
  readonly reread: () => HostModel;
  /** @param blockingCalls how many calls may block at the same time */
  readonly openKernel: (blockingCalls: number) => Kernel;
}

/** What to read beyond what the launch names: names of devices, who holds their nodes, or all there is. */
export type HostView = Pick<FactsRequest, 'everything' | 'holders' | 'known' | 'names' | 'onVanished'>;

const factsRequest = (request: LaunchRequest, view: HostView): FactsRequest => {
  const wanted = request.devices.map(({ spec }) => wantedFacts(spec));
  const objectFds = request.objects.flatMap((spec) => {
    const fd = passedFd(spec);
    return fd === undefined ? [] : [fd];
  });
  return {
    ...view,
    byCdev: request.devices.every(({ object }) => object !== undefined && !object.values.has('compat')),
    enabledVfs: request.devices.some(({ spec }) => spec.values.has('vf-token')),
    devices: wanted.flatMap(({ devices }) => devices),
    fds: [...objectFds, ...wanted.flatMap(({ fds }) => fds)],
  };
};

/** This host, as far as a launch needs to know it. */
export const thisHost = (request: LaunchRequest, view: HostView = {}): HostAccess => {
  const wanted = factsRequest(request, view);
  return {
    facts: withLimitModes(readHostFacts(wanted), createLinuxKernel),
    reread: () => readHostFacts({ ...wanted, holders: true }),
    openKernel: (blockingCalls) => {
      raiseThreadPool(blockingCalls);
      return createLinuxKernel();
    },
  };
};

/**
 * Passed fds are identified first of all, while nothing else has been opened that could take a number nobody passed.
 * @param view what to read of this host; a model has all it has
 * @throws FILE, HOST_MODEL
 */
export const accessHost = async (
  modelFile: string | undefined,
  request: LaunchRequest,
  view: HostView = {},
): Promise<HostAccess> => {
  if (modelFile === undefined) {
    return thisHost(request, view);
  }
  const { modelledHost } = await import('./model-host.ts');
  return modelledHost(modelFile);
};
