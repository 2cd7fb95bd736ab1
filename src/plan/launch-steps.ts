import type { AddressSpace } from '../backends/address-space.ts';
import { attachSteps } from '../backends/attach-steps.ts';
import { isPopulated, populateStep } from '../backends/populate-ram.ts';
import { ramStep, type RamBlock } from '../backends/ram.ts';
import type { Step } from '../backends/step.ts';
import { isMemoryBackend } from '../objects/object-types.ts';
import { BARE_MACHINE, ramOfObject } from '../request/read-machine.ts';
import type { LaunchRequest } from '../request/request.ts';
import { locksRam } from './memlock.ts';
import type { PlannedDevice } from './planned-device.ts';

/** Whether pages are made before RAM is pinned: without a device that pins it, that would take memory the guest may never touch. */
export const isPinned = (ram: RamBlock, devices: readonly PlannedDevice[]): boolean => isPopulated(ram) && locksRam({ devices });

const ramSteps = (ram: RamBlock, devices: readonly PlannedDevice[]): Step[] =>
  isPinned(ram, devices) ? [ramStep(ram), populateStep(ram)] : [ramStep(ram)];

/** Memory that is made though nothing here uses it, as QEMU makes it: what the host cannot give is refused. An engine makes its own. */
const unusedMemory = ({ objects, machine: { type, ram } }: LaunchRequest): RamBlock[] =>
  type === BARE_MACHINE
    ? objects.filter((object) => isMemoryBackend(object.type.name) && object.id !== ram.id).map(ramOfObject)
    : [];

/** All that attaching takes, whatever stands against it. */
export const launchSteps = (request: LaunchRequest, devices: readonly PlannedDevice[], spaces: readonly AddressSpace[]): Step[] => [
  ...ramSteps(request.machine.ram, devices),
  ...unusedMemory(request).map(ramStep),
  ...spaces.flatMap(attachSteps),
];
