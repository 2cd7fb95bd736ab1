import type { ProblemCode } from '../errors/codes.ts';

/** Why something cannot work and what to do: the same whether it was foreseen by the plan or met while attaching. */
export interface Remedy {
  readonly code: ProblemCode;
  /** What is at fault when it is not the device: a node, a limit. The same cause is then said once for all devices. */
  readonly subject?: string;
  readonly cause: string;
  readonly fixes: readonly string[];
}
