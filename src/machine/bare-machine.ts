import { Session } from '../backends/session.ts';
import type { HostModel } from '../host/model.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { Executor, StepFailure, type StepRecord } from './executor.ts';
import { explainFailure } from './explain-failure.ts';
import { incompleteUndo } from './incomplete-undo.ts';

/** An object with attached devices cannot be deleted, so it counts them. */
const countUsers = (plan: Plan, by: 1 | -1): void => {
  for (const { object } of plan.devices) {
    const node = object === undefined ? undefined : plan.request.tree.get(object.path);
    if (node !== undefined) {
      node.users += by;
    }
  }
};

/** Devices attached and guest RAM mapped as a plan says, until the plan changes or `detach`. */
export class BareMachine {
  readonly session: Session;
  readonly #executor: Executor;
  #plan: Plan;
  #attached = true;

  private constructor(plan: Plan, session: Session, executor: Executor) {
    this.#plan = plan;
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
    await runSteps(executor, plan, readHost, signal);
    countUsers(plan, 1);
    return new BareMachine(plan, session, executor);
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** What each step took, each behind those that it waited for. */
  get records(): readonly StepRecord[] {
    return this.#executor.records;
  }

  /**
   * Goes over to another plan: undoes the steps it does not have, runs those it adds. All others go on undisturbed. When an
   * added step fails, what this change added is undone.
   * @throws VmattachError
   */
  async change(plan: Plan, readHost: () => HostModel): Promise<void> {
    const incomplete = incompleteUndo(await this.#executor.undo(new Set(plan.steps.map(({ id }) => id))));
    countUsers(this.#plan, -1);
    try {
      await runSteps(this.#executor, plan, readHost);
      this.#plan = plan;
      this.#executor.adopt(plan.steps);
    } finally {
      countUsers(this.#plan, 1);
    }
    if (incomplete !== undefined) {
      throw incomplete;
    }
  }

  /** Undoes everything, last first; once. @throws VmattachError naming what could not be undone */
  async detach(): Promise<void> {
    if (!this.#attached) {
      return;
    }
    this.#attached = false;
    countUsers(this.#plan, -1);
    const incomplete = incompleteUndo(await this.#executor.undo());
    if (incomplete !== undefined) {
      throw incomplete;
    }
  }
}

/** @throws VmattachError that says in QEMU's words what failed, and why */
const runSteps = async (executor: Executor, plan: Plan, readHost: () => HostModel, signal?: AbortSignal): Promise<void> => {
  try {
    await executor.run(plan.steps, signal);
  } catch (error) {
    throw error instanceof StepFailure ? explainFailure(error, plan, readHost()) : error;
  }
};
