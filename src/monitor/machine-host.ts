import type { Problem } from '../errors/problem.ts';
import type { LiveMachine } from '../machine/live-machine.ts';
import type { Plan } from '../plan/plan.ts';
import type { HeldFds } from './held-fds.ts';
import type { JsonOutput } from './json-text.ts';

/** RunState of qapi/run-state.json, as far as a machine without a guest can be in one. */
export const RUN_STATES = ['prelaunch', 'running', 'paused'] as const;

export type RunState = (typeof RUN_STATES)[number];

/** What the monitor itself keeps about the machine. */
export interface MachineState {
  runState: RunState;
  /** It was started with `--preconfig`, and the client has not said `x-exit-preconfig` yet: its devices are still to be attached. */
  preconfig: boolean;
  /** QOM paths of devices that the monitor plugged. */
  readonly hotplugged: Set<string>;
  /** QOM paths of devices that are to go and are still there. */
  readonly unplugging: Set<string>;
  readonly fds: HeldFds;
}

/** A character device as query-chardev shows it. */
export interface ChardevInfo {
  readonly label: string;
  /** What it is connected to, e.g. `unix:/run/vm.sock,server=on`. */
  readonly filename: string;
}

/** The machine that the commands are about, and what the program does for them. */
export interface MachineHost {
  /** Commands run only when it is ready. */
  readonly machine: () => LiveMachine;
  readonly state: MachineState;
  /** Attaches the devices that `--preconfig` held back. @throws VmattachError; none of them is attached then */
  readonly plugWaiting: () => Promise<void>;
  /** `-S` */
  readonly startsPaused: boolean;
  /** `-name guest=`. */
  readonly name: string | undefined;
  /** `-uuid`. */
  readonly uuid: string | undefined;
  readonly chardevs: () => readonly ChardevInfo[];
  /** A plan in its published form. */
  readonly planJson: (plan: Plan) => JsonOutput;
  readonly closeFd: (fd: number) => void;
  /** Says what the client is not told of. */
  readonly warn: (problem: Problem) => void;
}
