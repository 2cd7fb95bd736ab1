import { Session } from '../backends/session.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { HostModel } from '../host/model.ts';
import type { Plan } from '../plan/plan.ts';
import { Executor, StepFailure, type StepRecord } from './executor.ts';
import { explainFailure } from './explain-failure.ts';
import { incompleteUndo } from './incomplete-undo.ts';

/** Devices attached and guest RAM mapped, until `detach`. */
export class BareMachine {
  readonly plan: Plan;
  readonly session: Session;
  readonly #executor: Executor;
  #attached = true;

  private constructor(plan: Plan, session: Session, executor: Executor) {
    this.plan = plan;
    this.session = session;
    this.#executor = executor;
  }

  /**
   * Attaches all devices of a plan.
   * @param readHost reads the facts again when a step failed, to say why
   * @throws VmattachError; everything is undone then
   */
  static async attach(plan: Plan, kernel: Kernel, readHost: () => HostModel, signal?: AbortSignal): Promise<BareMachine> {
    const session = new Session(kernel);
    const executor = new Executor(session);
    try {
      await executor.run(plan.steps, signal);
    } catch (error) {
      throw error instanceof StepFailure ? explainFailure(error, plan, readHost()) : error;
    }
    const machine = new BareMachine(plan, session, executor);
    machine.#countUsers(1);
    return machine;
  }

  /** What each step took, in the order of completion. */
  get records(): readonly StepRecord[] {
    return this.#executor.records;
  }

  /** Undoes everything, last first; once. @throws VmattachError naming what could not be undone */
  async detach(): Promise<void> {
    if (!this.#attached) {
      return;
    }
    this.#attached = false;
    this.#countUsers(-1);
    const incomplete = incompleteUndo(await this.#executor.undo());
    if (incomplete !== undefined) {
      throw incomplete;
    }
  }

  /** An object with attached devices cannot be deleted. */
  #countUsers(by: 1 | -1): void {
    for (const { object } of this.plan.devices) {
      const node = object === undefined ? undefined : this.plan.request.tree.get(object.path);
      if (node !== undefined) {
        node.users += by;
      }
    }
  }
}
