import type { MemlockPlan } from '../plan/memlock.ts';
import { formatBytes } from '../plan/remedies.ts';

/** What the launch locks, against what it may lock. */
export const memlockLine = ({ required, limit, accounting, sufficient }: MemlockPlan): string => {
  const allowed =
    accounting === 'none'
      ? 'not limited: CAP_IPC_LOCK'
      : `limit ${limit === undefined ? 'unlimited' : formatBytes(limit)} per ${accounting}`;
  return `memlock: needs ${formatBytes(required)}, ${allowed}${sufficient ? '' : ' - TOO LOW'}`;
};
