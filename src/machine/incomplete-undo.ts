import { failure, type VmattachError } from '../errors/problem.ts';
import type { FailedStep } from './run-graph.ts';

const reasonOf = ({ step, error }: FailedStep): string => `${step.id}: ${error instanceof Error ? error.message : String(error)}`;

/** The error that names all that could not be undone; undefined when everything was. */
export const incompleteUndo = (left: readonly FailedStep[]): VmattachError | undefined =>
  left.length === 0
    ? undefined
    : failure('SYSTEM_CALL', `could not detach completely: ${left.map(({ step }) => step.id).join(', ')}`, {
        subject: left[0]?.step.subject,
        cause: left.map(reasonOf).join('; '),
        fixes: ['the kernel takes back the rest when this process has ended'],
      });
