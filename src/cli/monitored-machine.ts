import { failure } from '../errors/problem.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { OwnedFd } from '../kernel/owned-fd.ts';
import type { BareMachine } from '../machine/bare-machine.ts';
import { LiveMachine } from '../machine/live-machine.ts';
import type { QmpCommand } from '../monitor/command-table.ts';
import type { QmpEvent } from '../monitor/events.ts';
import { createMachineState, machineCommands } from '../monitor/machine-commands.ts';
import { attachmentOf, detachedEvent } from '../monitor/machine-events.ts';
import { addressText } from '../monitor/chardev-spec.ts';
import type { ChardevInfo } from '../monitor/machine-host.ts';
import type { MonitorSpec } from '../monitor/monitor-spec.ts';
import { parseJson } from '../options/json.ts';
import { planJson } from '../report/plan-json.ts';
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
  readonly #host: HostAccess;
  #machine: LiveMachine | undefined;

  /**
   * @param kernel the one that the fds of monitors come from
   * @param fds what the launch itself took, by the QOM path of who uses it
   */
  constructor(launch: Launch, host: HostAccess, kernel: Pick<Kernel, 'close'>, fds: ReadonlyMap<string, OwnedFd>) {
    const { identity, monitors } = launch;
    const state = createMachineState(identity.startsPaused);
    for (const [path, fd] of fds) {
      if (!fd.borrowed) state.fds.keep(path, fd);
    }
    this.#launch = launch;
    this.#host = host;
    this.commands = machineCommands({
      machine: () => this.#live(),
      state,
      name: identity.name,
      uuid: identity.uuid,
      chardevs: () => monitors.map(chardevInfo),
      planJson: (plan) => parseJson(JSON.stringify(planJson(plan))),
      closeFd: (fd) => kernel.close(fd),
      warn: sayProblem,
    });
  }

  /** The machine is there; from now on it can change. */
  attached(machine: BareMachine): void {
    const { settings } = this.#launch;
    const { hostModel, backends } = settings;
    this.#machine = new LiveMachine(machine, {
      settings: backends,
      // A model does not change, and what it is read from may be a pipe.
      readHost: (request) => (hostModel === undefined ? thisHost(request).facts : this.#host.facts),
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

  #live(): LiveMachine {
    if (this.#machine === undefined) {
      throw failure('INTERNAL', 'the machine is asked for before it is attached');
    }
    return this.#machine;
  }
}
