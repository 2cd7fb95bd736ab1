import { expect } from 'vitest';
import type { ProblemCode } from '../../../src/errors/codes.ts';
import { VmattachError, type Problem } from '../../../src/errors/problem.ts';
import type { HostModel } from '../../../src/host/model.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { attachAnyway, attachHere, openVfioFiles, planHere } from './attach.ts';

const errorsOf = (problems: readonly Problem[]): readonly Problem[] => problems.filter(({ severity }) => severity === 'error');

/** What the kernel refuses an attach with that the plan would not have begun. */
export const refusal = async (body: Promise<unknown>): Promise<Problem> => {
  try {
    await body;
  } catch (error) {
    if (error instanceof VmattachError) return error.problem;
    throw error;
  }
  throw new Error('the kernel attached it');
};

export interface Disagreement {
  readonly args: readonly string[];
  readonly code: ProblemCode;
  /** In the cause of both: the guilty thing. */
  readonly guilty?: string | undefined;
  /** The facts that the forced attach is planned with, where without them there is nothing to attach. */
  readonly doctor?: (facts: HostModel) => HostModel;
}

/** The plan says the problem, nothing else, and the real attach then fails for that very reason and leaves nothing behind. */
export const expectAgreedRefusal = async (kernel: Kernel, { args, code, guilty = '', doctor }: Disagreement): Promise<void> => {
  const planned = errorsOf(planHere(args, undefined, { holders: true }).plan.problems);
  expect(planned.map((problem) => problem.code)).toEqual([code]);
  expect(planned[0]?.cause).toContain(guilty);
  const met = await refusal(attachAnyway(kernel, args, doctor));
  expect(met).toMatchObject({ code });
  expect(met.cause).toContain(guilty);
  expect(met.subject).toBe(planned[0]?.subject);
  expect(openVfioFiles()).toEqual([]);
};

/** Nothing stands against the launch, also when holders are looked for, and the real attach succeeds. */
export const expectAgreedLaunch = async (kernel: Kernel, args: readonly string[]): Promise<void> => {
  expect(errorsOf(planHere(args, undefined, { holders: true }).plan.problems)).toEqual([]);
  const machine = await attachHere(kernel, args);
  await machine.detach();
  expect(openVfioFiles()).toEqual([]);
};
