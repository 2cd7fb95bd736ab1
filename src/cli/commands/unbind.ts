import { planRelease } from '../../binding/plan-release.ts';
import { BINDING_OPTIONS, readSubject, runBinding, type BindingValues } from '../binding-run.ts';
import { readOperands, type OperandSyntax } from '../read-operands.ts';

/** Its words, for parsing, help, completion and the manual. */
export const UNBIND_SYNTAX: OperandSyntax = {
  name: 'unbind',
  summary: `Gives devices back that bind has taken, each with its whole IOMMU group: to the driver and the driver_override that were there.

A DEVICE is named as for bind. Of a device that was not bound by vmattach nothing was saved: its driver_override is cleared, and
the kernel chooses a driver.`,
  operands: '<DEVICE...>',
  options: BINDING_OPTIONS,
};

/** `vmattach unbind`: gives devices back. @returns the exit status. @throws VmattachError */
export const unbind = async (argv: readonly string[]): Promise<number> => {
  const words = readOperands<BindingValues>(UNBIND_SYNTAX, argv);
  if (words === undefined) {
    return 0;
  }
  const { operands, values } = words;
  const subject = readSubject(operands, values);
  const request = { devices: subject.addresses, onlyNamed: values.onlyNamed === true };
  return runBinding(planRelease(subject.facts, request, subject.records), subject, values);
};
