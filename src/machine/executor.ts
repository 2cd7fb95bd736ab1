import type { Session } from '../backends/session.ts';
import type { FailureText, Step } from '../backends/step.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { incompleteUndo } from './incomplete-undo.ts';
import { runGraph, type FailedStep } from './run-graph.ts';

/** One finished step, for the timeline. Times in ms since the run began. */
export interface StepRecord {
  readonly step: Step;
  readonly started: number;
  readonly ended: number;
}

/** A step failed; everything was undone but what `leftBehind` names. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  readonly step: Step;
  /** What the step says about a failed call; it may name fds, so it was asked before they were closed. */
  readonly text: FailureText | undefined;
  readonly leftBehind: readonly FailedStep[];

  constructor({ step, error }: FailedStep, text: FailureText | undefined, leftBehind: readonly FailedStep[]) {
    super(`${step.id} failed`, { cause: error });
    this.step = step;
    this.text = text;
    this.leftBehind = leftBehind;
  }
}

/** The same records, each behind all that its step waits for, and otherwise in their order. */
const inOrder = (records: readonly StepRecord[]): StepRecord[] => {
  const byId = new Map(records.map((record) => [record.step.id, record]));
  const ordered = new Set<StepRecord>();
  const add = (record: StepRecord): void => {
    if (ordered.has(record)) return;
    for (const id of record.step.after) {
      const earlier = byId.get(id);
      if (earlier !== undefined) add(earlier);
    }
    ordered.add(record);
  };
  records.forEach(add);
  return [...ordered];
};

/** Runs the steps of a plan and keeps a ledger of what was done, so that it can be taken back. */
export class Executor {
  readonly #session: Session;
  #done: StepRecord[] = [];
  /** The steps of the plan that holds, until the records go by them. */
  #adopted: readonly Step[] | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** What is done and not undone, each step behind those that it waited for. */
  get records(): readonly StepRecord[] {
    if (this.#adopted !== undefined) {
      const latest = new Map(this.#adopted.map((step) => [step.id, step]));
      this.#done = inOrder(this.#done.map((record) => ({ ...record, step: latest.get(record.step.id) ?? record.step })));
      this.#adopted = undefined;
    }
    return this.#done;
  }

  /**
   * Runs the steps that are not done yet. On a failure what this run did is undone, and what was done before stays.
   * @param signal stops between steps; what this run did is then undone, as after a failure
   * @throws StepFailure; or the signal's reason, unless something could not be undone
   */
  async run(steps: readonly Step[], signal?: AbortSignal): Promise<void> {
    const before = new Set(this.#done.map(({ step }) => step.id));
    const added = steps.filter(({ id }) => !before.has(id));
    this.#session.attachesOne = added.every(({ device }) => device?.path === added[0]?.device?.path);
    const began = performance.now();
    const perform = async (step: Step): Promise<void> => {
      const started = performance.now() - began;
      await step.run(this.#session);
      this.#done.push({ step, started, ended: performance.now() - began });
    };
    const failed = await runGraph(added, perform, () => signal?.aborted === true, before);
    if (failed !== undefined) {
      throw new StepFailure(failed, this.#explain(failed), await this.undo(before));
    }
    if (signal?.aborted === true) {
      throw incompleteUndo(await this.undo(before)) ?? signal.reason;
    }
  }

  /**
   * Goes by the steps of another plan from now on: what is done may wait for other steps there than when it was done, as the first
   * group of a container does that has left. It is undone in the order of the plan that holds.
   */
  adopt(steps: readonly Step[]): void {
    this.#adopted = steps;
  }

  #explain({ step, error }: FailedStep): FailureText | undefined {
    return error instanceof SystemCallError ? step.explain?.(error.text, this.#session, error.call, error.code) : undefined;
  }

  /**
   * Takes back what was done, last first. A failed undo does not stop the others.
   * @param keep ids of steps that stay done
   * @returns what could not be undone
   */
  async undo(keep: ReadonlySet<string> = new Set()): Promise<readonly FailedStep[]> {
    if (this.#done.every(({ step }) => keep.has(step.id))) return [];
    const leaving = this.records.filter(({ step }) => !keep.has(step.id)).toReversed();
    this.#done = this.records.filter(({ step }) => keep.has(step.id));
    const failures: FailedStep[] = [];
    for (const { step } of leaving) {
      try {
        await step.undo?.(this.#session);
      } catch (error) {
        failures.push({ step, error });
      }
    }
    return failures;
  }
}
