import { listenFds } from '../../host/listen-fds.ts';
import type { FdSources } from '../fd-reference.ts';
import { FdSets } from '../fd-sets.ts';
import { receiveFd } from './fd-broker.ts';
import { linuxFdCalls } from './fd-calls.ts';

/** What `fd=@NAME`, `unix:PATH` and `/dev/fdset/N` mean in this process. The fd sets are empty at first. */
export const linuxFdSources = (): FdSources => ({
  listenFds: listenFds(process.env, process.pid),
  receive: receiveFd,
  fdSets: new FdSets(linuxFdCalls),
  close: (fd) => linuxFdCalls.close(fd),
});
