import { describe, expect, test } from 'vitest';
import { VmattachError, type Problem } from '../../src/errors/problem.ts';
import type { ErrnoName } from '../../src/kernel/errno.ts';
import { createSimulatedKernel, type SimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { BareMachine } from '../../src/machine/bare-machine.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { planOf } from '../plan/planning.ts';
import { leftBehind, SCENARIOS, type Scenario } from './attaching.ts';
import { failingKernel } from './failing-kernel.ts';

const ERRNOS: readonly ErrnoName[] = ['EIO', 'EPERM', 'ENOMEM', 'EBUSY'];

interface Attempt {
  readonly kernel: SimulatedKernel;
  readonly plan: Plan;
  readonly calls: number;
  /** Undefined when the attach went through. */
  readonly problem: Problem | undefined;
}

const tryAttach = async ({ line, host }: Scenario, errnoOf: (call: number) => ErrnoName | undefined): Promise<Attempt> => {
  const simulated = createSimulatedKernel(host);
  const kernel = failingKernel(simulated, errnoOf);
  const plan = planOf(line, host);
  try {
    await BareMachine.attach(plan, kernel, () => host);
    return { kernel: simulated, plan, calls: kernel.callCount(), problem: undefined };
  } catch (error) {
    if (!(error instanceof VmattachError)) throw error;
    return { kernel: simulated, plan, calls: kernel.callCount(), problem: error.problem };
  }
};

const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);

const callsOf = async (scenario: Scenario): Promise<number> => (await tryAttach(scenario, () => undefined)).calls;

const passedFds = ({ host }: Scenario): readonly number[] => Object.keys(host.fds ?? {}).map(Number);

describe.each(SCENARIOS)('attach, $what', (scenario) => {
  test.each(ERRNOS)('whichever call fails with %s: a clear error, and nothing is left', async (errno) => {
    for (const failing of range(1, await callsOf(scenario))) {
      const where = `call ${failing}`;
      const { kernel, plan, problem } = await tryAttach(scenario, (call) => (call === failing ? errno : undefined));
      expect(problem, where).toBeDefined();
      expect(problem?.code, where).not.toBe('INTERNAL');
      expect(problem?.message, where).toMatch(/^[^\n]{10,}$/);
      expect(problem?.cause, where).toMatch(/./);
      expect(problem?.fixes?.length, where).toBeGreaterThan(0);
      expect(problem?.hint?.join('\n'), where).not.toContain('not undone');
      expect(leftBehind(kernel, plan), where).toEqual([]);
      for (const fd of passedFds(scenario)) expect(() => kernel.status(fd), where).not.toThrow();
    }
  });

  test('when a call fails and one that undoes as well: all else is undone, and what is left has a name', async () => {
    const calls = await callsOf(scenario);
    for (const failing of range(1, calls)) {
      const { calls: undone } = await tryAttach(scenario, (call) => (call === failing ? 'EIO' : undefined));
      for (const undoing of range(failing + 1, undone)) {
        const where = `calls ${failing} and ${undoing}`;
        const { kernel, plan, problem } = await tryAttach(scenario, (call) =>
          call === failing || call === undoing ? 'EIO' : undefined,
        );
        const named = (problem?.hint ?? []).filter((line) => line.startsWith('not undone: '));
        expect(problem?.cause, where).toMatch(/./);
        if (leftBehind(kernel, plan).length > 0) expect(named.length, where).toBeGreaterThan(0);
        for (const fd of passedFds(scenario)) expect(() => kernel.status(fd), where).not.toThrow();
      }
    }
  });

  test('detach, whichever call fails: all else is undone, and the error names what is left', async () => {
    const attachCalls = await callsOf(scenario);
    for (let failing = attachCalls + 1; ; failing += 1) {
      const kernel = createSimulatedKernel(scenario.host);
      const plan = planOf(scenario.line, scenario.host);
      const faulty = failingKernel(kernel, (call) => (call === failing ? 'EIO' : undefined));
      const machine = await BareMachine.attach(plan, faulty, () => scenario.host);
      const outcome: unknown = await machine.detach().catch((error: unknown) => error);
      if (faulty.callCount() < failing) {
        expect(outcome).toBeUndefined();
        break;
      }
      expect(outcome, `call ${failing}`).toBeInstanceOf(VmattachError);
      if (outcome instanceof VmattachError) {
        expect(outcome.problem).toMatchObject({
          code: 'SYSTEM_CALL',
          message: expect.stringMatching(/^could not detach completely: \S+(, \S+)*$/),
        });
      }
      // The next detach has nothing left to do.
      await machine.detach();
    }
  });
});
