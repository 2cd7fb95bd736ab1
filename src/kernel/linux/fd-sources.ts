import { listenFds } from '../../host/listen-fds.ts';
import type { FdSources } from '../fd-reference.ts';
import { FdSets } from '../fd-sets.ts';
import { linuxFdCalls } from './fd-calls.ts';

/** What `fd=@NAME`, `unix:PATH` and `/dev/fdset/N` mean in this process. The fd sets are empty at first. */
export const linuxFdSources = (): FdSources => ({
  listenFds: listenFds(process.env, process.pid),
  // Node's sockets are loaded by the few who need them.
  receive: async (path) => (await import('./fd-broker.ts')).receiveFd(path),
  fdSets: new FdSets(linuxFdCalls),
  close: (fd) => linuxFdCalls.close(fd),
});
