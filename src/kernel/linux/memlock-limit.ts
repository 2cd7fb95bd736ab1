import type { ResourceLimit } from '../kernel.ts';
import { libc as loadLibc } from './libc.ts';
import { systemCall } from './system-call.ts';

const RLIMIT_MEMLOCK = 8;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/** Sets RLIMIT_MEMLOCK of this process, in bytes. Raising the hard limit takes CAP_SYS_RESOURCE. @throws SystemCallError */
export const setMemlockLimit = ({ soft = RLIM_INFINITY, hard = RLIM_INFINITY }: ResourceLimit): void => {
  const libc = loadLibc();
  systemCall(libc, 'setrlimit', 'RLIMIT_MEMLOCK', () => libc.setrlimit(RLIMIT_MEMLOCK, BigUint64Array.of(soft, hard)));
};
