import type { ProcessFacts } from '../host/model.ts';
import type { ResourceLimit } from '../kernel/kernel.ts';
import type { MemlockPlan } from '../plan/memlock.ts';

/** For what a machine maps beside its RAM: firmware, video memory, memory of devices. As much as libvirt allows for it. */
const SLACK = 1024n ** 3n;

const smaller = (one: bigint | undefined, other: bigint): bigint => (one === undefined || one > other ? other : one);

/**
 * RLIMIT_MEMLOCK for an engine that locks what is planned; undefined when the limit is high enough or nothing is held against it. A limit
 * is never lowered. Without CAP_SYS_RESOURCE it goes up to the hard limit.
 */
export const engineMemlock = (
  { required, limit, hardLimit, accounting }: MemlockPlan,
  { capabilities }: ProcessFacts,
): ResourceLimit | undefined => {
  if (accounting === 'none' || required === 0n || limit === undefined) return undefined;
  const wanted = required + SLACK;
  const mayRaise = capabilities.includes('CAP_SYS_RESOURCE');
  const soft = mayRaise ? wanted : smaller(hardLimit, wanted);
  if (soft <= limit) return undefined;
  return { soft, hard: hardLimit === undefined || hardLimit >= soft ? hardLimit : soft };
};
