import type { DeviceSpec } from '../devices/device-spec.ts';
import { failure, VmattachError, type Problem } from '../errors/problem.ts';
import type { HostModel } from '../host/model.ts';
import type { TreeNode } from '../objects/composition-tree.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import { createPlan } from '../plan/create-plan.ts';
import { hasErrors, type Plan } from '../plan/plan.ts';
import type { BackendSettings } from '../plan/select-backend.ts';
import { withDevice, withObject, withObjectValues, withoutDevice, withoutObject } from '../request/change-request.ts';
import type { LaunchRequest } from '../request/request.ts';
import type { BareMachine } from './bare-machine.ts';
import type { StepRecord } from './executor.ts';
import { resetDevices } from './reset-devices.ts';

/** What planning a change needs besides the request. */
export interface ChangeContext {
  readonly settings: BackendSettings;
  /**
   * The facts that a request needs.
   * @param afresh all of them as they are now; without it, what hardly changes may be from before
   */
  readonly readHost: (request: LaunchRequest, afresh: boolean) => HostModel;
}

const putBack = ({ tree }: LaunchRequest, node: TreeNode | undefined): void => {
  if (node !== undefined) {
    tree.restore(node);
  }
};

/**
 * A machine whose objects and devices come and go: each change is planned as a launch is, refused for the same reasons, and
 * carried out as the difference between two plans. Changes run one after another.
 */
export class LiveMachine {
  readonly #machine: BareMachine;
  readonly #context: ChangeContext;
  #changes: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(machine: BareMachine, context: ChangeContext) {
    this.#machine = machine;
    this.#context = context;
  }

  /** Whether `detach` was asked for: what was to change since goes with the machine. */
  get ended(): boolean {
    return this.#ended;
  }

  get plan(): Plan {
    return this.#machine.plan;
  }

  /** What each step took that is done and not undone; see `BareMachine.records`. */
  get records(): readonly StepRecord[] {
    return this.#machine.records;
  }

  /** @throws VmattachError in QEMU's words; nothing has changed then */
  addObject(spec: ObjectSpec): Promise<void> {
    return this.#next(async () => {
      const { request } = this.plan;
      const changed = withObject(request, spec);
      await this.#goTo(changed, () => withoutObject(changed, spec.id));
    });
  }

  /** Gives an object that nobody uses another fd. @throws CONFLICT while devices use it, and what is wrong with the fd */
  changeFd(id: string, fd: string): Promise<void> {
    return this.#next(async () => {
      const { request } = this.plan;
      const values = request.objects.find((object) => object.id === id)?.values;
      await this.#goTo(withObjectValues(request, id, new Map(values).set('fd', fd)), () => undefined);
    });
  }

  /** @throws CONFLICT while devices use it, LINK_NOT_FOUND */
  removeObject(id: string): Promise<void> {
    return this.#next(async () => {
      const { request } = this.plan;
      const node = request.tree.get(`/objects/${id}`);
      await this.#goTo(withoutObject(request, id), () => putBack(request, node));
    });
  }

  /** Attaches one more device; the others are not disturbed. @returns its QOM path. @throws VmattachError; no trace is left then */
  addDevice(spec: DeviceSpec): Promise<string> {
    return this.#next(async () => {
      const changed = withDevice(this.plan.request, spec);
      const path = changed.devices.at(-1)?.path ?? '';
      await this.#goTo(changed, () => withoutDevice(changed, path));
      return path;
    });
  }

  /** What `addDevice` would do and what stands against it; nothing changes. @throws VmattachError for a device that has no place in a plan */
  planDevice(spec: DeviceSpec): Promise<Plan> {
    return this.#next(async () => {
      const { readHost, settings } = this.#context;
      const changed = withDevice(this.plan.request, spec);
      try {
        return createPlan(changed, readHost(changed, true), settings, this.plan);
      } finally {
        withoutDevice(changed, changed.devices.at(-1)?.path ?? '');
      }
    });
  }

  /** Detaches a device. @param path its QOM path. @throws LINK_NOT_FOUND */
  removeDevice(path: string): Promise<void> {
    return this.#next(async () => {
      const { request } = this.plan;
      const node = request.tree.get(path);
      await this.#goTo(withoutDevice(request, path), () => putBack(request, node));
    });
  }

  /** Resets all devices, the last created first. @returns which were not reset, and why */
  resetDevices(): Promise<readonly Problem[]> {
    return this.#next(() => resetDevices(this.#machine.session, this.plan.devices));
  }

  /** The end: changes that come later are refused. */
  detach(): Promise<void> {
    return this.#next(async () => {
      this.#ended = true;
      await this.#machine.detach();
    });
  }

  /** A failed change does not stop the next. */
  #next<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    this.#changes = result.catch(() => undefined);
    return result;
  }

  /** @param undo takes the change of the composition tree back, when the machine did not go over to the request */
  async #goTo(request: LaunchRequest, undo: () => void): Promise<void> {
    try {
      await this.#carryOut(request);
    } catch (error) {
      if (this.plan.request !== request) {
        undo();
      }
      throw error;
    }
  }

  async #carryOut(request: LaunchRequest): Promise<void> {
    if (this.#ended) {
      throw failure('CONFLICT', 'the machine has been detached', { fixes: ['start another one'] });
    }
    const plan = this.#plan(request);
    await this.#machine.change(plan, () => this.#context.readHost(request, true));
  }

  /** What refuses a change must hold now: a module may have been loaded since, or a limit raised. */
  #plan(request: LaunchRequest): Plan {
    const { readHost, settings } = this.#context;
    const plan = createPlan(request, readHost(request, false), settings, this.plan);
    if (!hasErrors(plan)) {
      return plan;
    }
    const current = createPlan(request, readHost(request, true), settings, this.plan);
    const problem = current.problems.find(({ severity }) => severity === 'error');
    if (problem !== undefined) {
      throw new VmattachError(problem);
    }
    return current;
  }
}
