import type { DeviceSpec } from '../devices/device-spec.ts';
import { failure } from '../errors/problem.ts';
import { mergeFacts } from '../host/merge-facts.ts';
import type { HostModel } from '../host/model.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { OwnedFd } from '../kernel/owned-fd.ts';
import type { BareMachine } from '../machine/bare-machine.ts';
import { LiveMachine } from '../machine/live-machine.ts';
import type { QmpCommand } from '../monitor/command-table.ts';
import type { QmpEvent } from '../monitor/events.ts';
import { createMachineState, machineCommands } from '../monitor/machine-commands.ts';
import { attachmentOf, detachedEvent } from '../monitor/machine-events.ts';
import { addressText } from '../monitor/chardev-spec.ts';
import type { ChardevInfo, MachineState } from '../monitor/machine-host.ts';
import type { MonitorSpec } from '../monitor/monitor-spec.ts';
import { parseJson } from '../options/json.ts';
import { planJson } from '../report/plan-json.ts';
import type { LaunchRequest } from '../request/request.ts';
import { thisHost, type HostAccess } from './host-access.ts';
import { sayProblem } from './output.ts';
import type { Launch } from './read-launch.ts';

/** As QEMU writes it (chardev/char-socket.c, qemu_chr_compute_filename). */
const chardevInfo = ({ label, chardev }: MonitorSpec): ChardevInfo => {
  switch (chardev.kind) {
    case 'stdio':
      return { label, filename: 'stdio' };
    case 'listen':
      return { label, filename: `${addressText(chardev.at)},server=on` };
    case 'connect':
      return { label, filename: addressText(chardev.to) };
  }
};

/** The machine of a launch as its monitors see it: their commands exist before it does. */
export class MonitoredMachine {
  readonly commands: readonly QmpCommand[];
  readonly #launch: Launch;
  #facts: HostModel;
  #machine: LiveMachine | undefined;
  #waiting: readonly DeviceSpec[] = [];
  readonly #state: MachineState;

  /**
   * @param kernel the one that the fds of monitors come from
   * @param fds what the launch itself took, by the QOM path of who uses it
   */
  constructor(launch: Launch, host: HostAccess, kernel: Pick<Kernel, 'close'>, fds: ReadonlyMap<string, OwnedFd>) {
    const { identity, monitors } = launch;
    const state = createMachineState(identity);
    for (const [path, fd] of fds) {
      if (!fd.borrowed) state.fds.keep(path, fd);
    }
    this.#launch = launch;
    this.#state = state;
    this.#facts = host.facts;
    this.commands = machineCommands({
      machine: () => this.#live(),
      state,
      plugWaiting: () => this.#plugWaiting(),
      startsPaused: identity.startsPaused,
      name: identity.name,
      uuid: identity.uuid,
      chardevs: () => monitors.map(chardevInfo),
      planJson: (plan) => parseJson(JSON.stringify(planJson(plan))),
      closeFd: (fd) => kernel.close(fd),
      warn: sayProblem,
    });
  }

  /** Whether the devices of the launch are still to be attached. */
  get isPreconfig(): boolean {
    return this.#state.preconfig;
  }

  /**
   * The machine is there; from now on it can change.
   * @param waiting devices that are attached later
   */
  attached(machine: BareMachine, waiting: readonly DeviceSpec[]): void {
    this.#waiting = waiting;
    this.#machine = new LiveMachine(machine, {
      settings: this.#launch.settings.backends,
      readHost: (request, afresh) => this.#factsFor(request, machine.plan.request, afresh),
    });
  }

  /** Detaches all devices. @param emit is told of each. @throws VmattachError naming what could not be undone */
  async detach(emit: (event: QmpEvent) => void): Promise<void> {
    const machine = this.#live();
    const devices = machine.plan.devices.map(attachmentOf);
    const started = performance.now();
    await machine.detach();
    const milliseconds = performance.now() - started;
    for (const device of devices.toReversed()) {
      emit(detachedEvent(device, milliseconds));
    }
  }

  /**
   * The facts for another request. What is attached is in the hands of this process and stays as it is, so only what is added is read,
   * and about the kernel and this process only what refused the change; then also who holds the nodes.
   * A model does not change, and what it is read from may be a pipe.
   */
  #factsFor(request: LaunchRequest, { objects, devices }: LaunchRequest, afresh: boolean): HostModel {
    if (this.#launch.settings.hostModel === undefined) {
      const added = {
        ...request,
        objects: request.objects.filter((object) => !objects.includes(object)),
        devices: request.devices.filter((device) => !devices.includes(device)),
      };
      const needsNothing = !afresh && added.objects.length === 0 && added.devices.length === 0;
      if (needsNothing) return this.#facts;
      this.#facts = mergeFacts(this.#facts, thisHost(added, afresh ? { holders: true } : { known: this.#facts }).facts);
    }
    return this.#facts;
  }

  /** In their order; all of them or none. */
  async #plugWaiting(): Promise<void> {
    const machine = this.#live();
    const plugged: string[] = [];
    try {
      for (const spec of this.#waiting) plugged.push(await machine.addDevice(spec));
    } catch (error) {
      for (const path of plugged.toReversed()) await machine.removeDevice(path);
      throw error;
    }
    this.#waiting = [];
  }

  #live(): LiveMachine {
    if (this.#machine === undefined) {
      throw failure('INTERNAL', 'the machine is asked for before it is attached');
    }
    return this.#machine;
  }
}
