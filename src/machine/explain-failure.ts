import type { FailureText, Step } from '../backends/step.ts';
import { VmattachError, type Problem } from '../errors/problem.ts';
import type { HostModel } from '../host/model.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { diagnose, diagnoseRefusal, type DiagnosisContext } from '../plan/diagnose.ts';
import { HostIndex } from '../plan/host-index.ts';
import type { Plan } from '../plan/plan.ts';
import type { StepFailure } from './executor.ts';

const leftBehindLines = (failure: StepFailure): string[] =>
  failure.leftBehind.map(({ step, error }) => `not undone: ${step.id}${error instanceof Error ? ` (${error.message})` : ''}`);

/** A step that refused by itself, with a typed problem; the host may say more about the cause. */
const refusal = (step: Step, problem: Problem, context: DiagnosisContext | undefined): Problem => {
  const remedy = context === undefined || problem.cause !== undefined ? undefined : diagnoseRefusal(context, problem.code);
  return {
    ...problem,
    ...remedy,
    message: step.device === undefined ? problem.message : `vfio ${step.device.name}: ${problem.message}`,
    subject: remedy === undefined ? (problem.subject ?? step.subject) : (remedy.subject ?? step.device?.path),
    location: problem.location ?? step.device?.location,
  };
};

const callProblem = ({ step, text }: StepFailure, error: SystemCallError, context: DiagnosisContext | undefined): Problem => {
  const said: FailureText = text ?? { message: `${step.call}: ${error.text}` };
  const remedy = context === undefined ? undefined : diagnose(context, step, error);
  return {
    code: remedy?.code ?? 'SYSTEM_CALL',
    severity: 'error',
    subject: remedy?.subject ?? context?.device.path ?? step.subject,
    message: context === undefined ? said.message : `vfio ${context.device.name}: ${said.message}`,
    hint: said.hint,
    cause: remedy?.cause ?? said.cause ?? `${error.call} on ${error.target} failed with ${error.code}; the kernel log may say more`,
    fixes: remedy?.fixes ?? said.fixes ?? ['dmesg | tail'],
    location: context?.device.location,
  };
};

/**
 * What a failed step means to the user: QEMU's words, the cause, what to do, and what could not be undone.
 * @param host the facts as they are after the failure
 */
export const explainFailure = (failure: StepFailure, plan: Plan, host: HostModel): VmattachError => {
  const { step, cause } = failure;
  const device = plan.devices.find(({ path }) => path === step.device?.path);
  const context = device === undefined ? undefined : { host: new HostIndex(host), device, memlock: plan.memlock };
  const problem =
    cause instanceof SystemCallError
      ? callProblem(failure, cause, context)
      : cause instanceof VmattachError
        ? refusal(step, cause.problem, context)
        : undefined;
  if (problem === undefined) {
    throw cause;
  }
  return new VmattachError({ ...problem, hint: [...(problem.hint ?? []), ...leftBehindLines(failure)] }, { cause: failure });
};
