import { failure } from '../errors/problem.ts';
import { isLoopFd } from '../host/runtime-fds.ts';
import { observeFd } from '../host/observe-fd.ts';
import { openFdReference, type FdSources } from '../kernel/fd-reference.ts';
import { linuxFdCalls } from '../kernel/linux/fd-calls.ts';
import { linuxFdSources } from '../kernel/linux/fd-sources.ts';
import { moveFd } from '../kernel/move-fd.ts';
import type { OwnedFd } from '../kernel/owned-fd.ts';
import { addFds } from '../request/add-fds.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';
import { namedFdNumbers, resolveFds } from '../request/resolve-fds.ts';
import type { Launch } from './read-launch.ts';

/** A launch in which every `fd=` is a number, and what is behind those that were none. */
export interface PassedFds<T> {
  readonly launch: T;
  readonly sources: FdSources;
  /** By the QOM path of the object or device that uses it. */
  readonly fds: ReadonlyMap<string, OwnedFd>;
}

type FdLaunch = Pick<Launch, 'request' | 'scanned'>;

const isInherited = (fd: number): boolean => observeFd(fd) !== undefined && !isLoopFd(fd);

/** A broker gives its fd once, so who only looks must not ask it. */
const askNoBroker = (path: string): never => {
  throw failure('FD_NOT_OPEN', `unix:${path} is asked for its file descriptor by a launch only`, {
    cause: 'the broker behind the socket gives its file descriptor once',
    fixes: ['leave fd= out to plan with files that are opened here', 'vmattach --check attaches for real'],
  });
};

/** Duplicates for `-add-fd`. An engine does that again by itself, so it needs the originals. */
const fillSets = ({ request, scanned: { options } }: FdLaunch, { fdSets }: FdSources, avoided: ReadonlySet<number>): void => {
  const added = addFds(options, { fdSets, calls: linuxFdCalls, isInherited, avoided });
  if (request.machine.type === BARE_MACHINE) added.forEach((fd) => linuxFdCalls.close(fd));
};

const take = async <T extends FdLaunch>(launch: T, sources: FdSources): Promise<PassedFds<T>> => {
  const avoided = namedFdNumbers(launch.request);
  fillSets(launch, sources, avoided);
  const { request, fds } = await resolveFds(launch.request, async (reference) =>
    moveFd(await openFdReference(reference, sources), avoided, linuxFdCalls),
  );
  return { launch: { ...launch, request }, sources, fds };
};

/**
 * Takes the fds that a command line names otherwise than by number. Comes before anything else is opened.
 * @throws VmattachError located at the option
 */
export const takePassedFds = <T extends FdLaunch>(launch: T): Promise<PassedFds<T>> => take(launch, linuxFdSources());

/** The same for who only looks: no broker is asked. @throws VmattachError located at the option */
export const lookAtPassedFds = <T extends FdLaunch>(launch: T): Promise<PassedFds<T>> =>
  take(launch, { ...linuxFdSources(), receive: askNoBroker });
