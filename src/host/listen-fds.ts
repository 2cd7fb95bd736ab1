import { failure } from '../errors/problem.ts';

/** An fd that the service manager opened for this process, under the name that its unit gives it. */
export interface ListenFd {
  readonly number: number;
  readonly name: string;
}

/** SD_LISTEN_FDS_START. */
const FIRST = 3;
/** What systemd calls an fd for which it passes no name. */
const NAMELESS = 'unknown';

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;

/**
 * The fds of socket activation (sd_listen_fds(3)): from 3 on, as many as `LISTEN_FDS` says, named by `LISTEN_FDNAMES`. They are
 * meant for the process that `LISTEN_PID` names and for no other that inherits the variables.
 */
export const listenFds = (environment: NodeJS.ProcessEnv, pid: number): readonly ListenFd[] => {
  const { LISTEN_PID: forPid, LISTEN_FDS: count, LISTEN_FDNAMES: names } = environment;
  if (wholeNumber(forPid) !== pid) return [];
  const all = names?.split(':') ?? [];
  return Array.from({ length: wholeNumber(count) ?? 0 }, (_, index) => ({
    number: FIRST + index,
    name: all[index] || NAMELESS,
  }));
};

const absent = (name: string, fds: readonly ListenFd[]) =>
  failure('FD_NOT_OPEN', `no file descriptor is named '${name}'`, {
    cause:
      fds.length === 0
        ? 'LISTEN_FDS and LISTEN_PID name no file descriptors for this process'
        : `LISTEN_FDNAMES has ${fds.map((fd) => fd.name).join(', ')}`,
    fixes: [`systemd: FileDescriptorName=${name} in the socket unit, or OpenFile=PATH:${name} in the service`, 'fd=NUMBER'],
  });

/** The number behind a name of `LISTEN_FDNAMES`. @throws FD_NOT_OPEN, CONFLICT when several have the name */
export const listenFdNamed = (name: string, fds: readonly ListenFd[]): number => {
  const [first, second] = fds.filter((fd) => fd.name === name);
  if (first === undefined) throw absent(name, fds);
  if (second !== undefined) {
    throw failure('CONFLICT', `several file descriptors are named '${name}'`, {
      cause: `LISTEN_FDNAMES gives the name to ${first.number} and to ${second.number}`,
      fixes: [`fd=${first.number}`, `fd=${second.number}`],
    });
  }
  return first.number;
};
