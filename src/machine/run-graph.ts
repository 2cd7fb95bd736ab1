import { failure } from '../errors/problem.ts';
import type { Step } from '../backends/step.ts';

export interface FailedStep {
  readonly step: Step;
  readonly error: unknown;
}

interface Connections {
  /** For each step that is still to do: how many steps it waits for. */
  readonly open: Map<Step, number>;
  /** Who waits for a step. */
  readonly followers: ReadonlyMap<string, readonly Step[]>;
}

const connect = (steps: readonly Step[], done: ReadonlySet<string>): Connections => {
  const followers = new Map<string, Step[]>(steps.map(({ id }) => [id, []]));
  const open = new Map<Step, number>();
  for (const step of steps) {
    const before = step.after.filter((id) => !done.has(id));
    open.set(step, before.length);
    for (const id of before) {
      const waiting = followers.get(id);
      if (waiting === undefined) {
        throw failure('INTERNAL', `step ${step.id} waits for ${id}, which is not in the plan`);
      }
      waiting.push(step);
    }
  }
  return { open, followers };
};

/** Steps that wait for each other never start; saying nothing would take the run for complete. */
const checkNoneWaits = (open: ReadonlyMap<Step, number>): void => {
  const waiting = [...open].filter(([, left]) => left > 0).map(([{ id }]) => id);
  if (waiting.length > 0) {
    throw failure('INTERNAL', `these steps wait for each other: ${waiting.join(', ')}`);
  }
};

/**
 * Performs every step as soon as all it waits for is done. After a failure nothing more is started, and the promise resolves
 * when what was under way has ended: undoing beside running steps would race with them.
 * @param stopped asked before each start
 * @param done ids of steps that are done already and hold nobody up
 * @returns the first step that failed
 */
export const runGraph = async (
  steps: readonly Step[],
  perform: (step: Step) => Promise<void>,
  stopped: () => boolean,
  done: ReadonlySet<string> = new Set(),
): Promise<FailedStep | undefined> => {
  const { open, followers } = connect(steps, done);
  let failed: FailedStep | undefined;

  const start = async (step: Step): Promise<void> => {
    if (failed !== undefined || stopped()) {
      return;
    }
    try {
      await perform(step);
    } catch (error) {
      failed ??= { step, error };
      return;
    }
    await Promise.all((followers.get(step.id) ?? []).filter((follower) => isReady(follower)).map(start));
  };

  /** One thing less to wait for. */
  const isReady = (step: Step): boolean => {
    const left = (open.get(step) ?? 0) - 1;
    open.set(step, left);
    return left === 0;
  };

  await Promise.all([...open].flatMap(([step, left]) => (left === 0 ? [step] : [])).map(start));
  if (failed === undefined && !stopped()) {
    checkNoneWaits(open);
  }
  return failed;
};
