import { readdirSync } from 'node:fs';
import { isRuntimeFd } from './is-runtime-fd.ts';
import { observeFd } from './observe-fd.ts';

const FIRST_BESIDE_STREAMS = 3;

/**
 * Numbers of the file descriptors that this process was started with, standard streams left out, so that another program can get them as
 * from a shell. Ask before anything is opened that stays open. Kinds that only Node's runtime has a use for count as its own.
 */
export const inheritedFds = (): number[] =>
  readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd >= FIRST_BESIDE_STREAMS && !isRuntimeFd(fd) && observeFd(fd) !== undefined)
    .toSorted((one, other) => one - other);
