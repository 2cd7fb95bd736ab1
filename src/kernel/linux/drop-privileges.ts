import { readFileSync } from 'node:fs';
import { errnoNumber } from '../errno.ts';
import { SystemCallError } from '../system-call-error.ts';
import { libc as loadLibc, type Libc } from './libc.ts';
import { systemCall } from './system-call.ts';

/** Who a process becomes for good. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups that are kept. */
  readonly groups: readonly number[];
  /**
   * Whether programs it starts may gain privileges by set-user-ID or file capabilities, as a network helper of QEMU must. Otherwise
   * no_new_privs is set and the bounding set is empty.
   */
  readonly allowHelpers: boolean;
}

// linux/prctl.h, linux/capability.h
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const CAPABILITY_VERSION_3 = 0x20080522;
const LAST_CAPABILITY = '/proc/sys/kernel/cap_last_cap';
/** CAP_CHECKPOINT_RESTORE, the last one of Linux 5.9 to 7.2. */
const KNOWN_LAST_CAPABILITY = 40;

const lastCapability = (): number => {
  try {
    return Number.parseInt(readFileSync(LAST_CAPABILITY, 'utf8'), 10);
  } catch {
    return KNOWN_LAST_CAPABILITY;
  }
};

/** Without CAP_SETPCAP the set stays; no_new_privs makes it worthless all the same. */
const emptyBoundingSet = (libc: Libc): void => {
  const { prctl } = libc.privileges();
  for (let capability = 0; capability <= lastCapability(); capability += 1) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) === 0) continue;
    const errno = libc.errno();
    if (errno === errnoNumber('EPERM')) return;
    throw new SystemCallError('prctl(PR_CAPBSET_DROP)', errno, `capability ${capability}`);
  }
};

/** What an execve could still hand on: inheritable and ambient capabilities survive a change of the user. */
const dropCapabilities = (libc: Libc): void => {
  const { prctl, capset } = libc.privileges();
  systemCall(libc, 'prctl(PR_CAP_AMBIENT)', 'this process', () => prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
  systemCall(libc, 'capset', 'this process', () => capset(Uint32Array.of(CAPABILITY_VERSION_3, 0), new Uint32Array(6)));
};

/**
 * Gives up the rights of this process for those of a user: groups, ids, all capabilities. Capabilities and no_new_privs are those of the
 * calling thread, which is the one that execve(2) keeps. There is no way back.
 * @throws SystemCallError
 */
export const dropPrivileges = ({ uid, gid, groups, allowHelpers }: Credentials): void => {
  const libc = loadLibc();
  const { setgroups, setresgid, setresuid, prctl } = libc.privileges();
  if (!allowHelpers) emptyBoundingSet(libc);
  systemCall(libc, 'setgroups', `groups ${groups.join(', ') || 'none'}`, () => setgroups(groups.length, Uint32Array.from(groups)));
  systemCall(libc, 'setresgid', `gid ${gid}`, () => setresgid(gid, gid, gid));
  systemCall(libc, 'setresuid', `uid ${uid}`, () => setresuid(uid, uid, uid));
  dropCapabilities(libc);
  if (!allowHelpers) systemCall(libc, 'prctl(PR_SET_NO_NEW_PRIVS)', 'this process', () => prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
};
