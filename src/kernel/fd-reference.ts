import { listenFdNamed, type ListenFd } from '../host/listen-fds.ts';
import { isFdSetPath, type FdSets } from './fd-sets.ts';
import { OwnedFd } from './owned-fd.ts';

/** Where the fds come from that `fd=` names otherwise than by number. */
export interface FdSources {
  /** `@NAME`: fds of socket activation. */
  readonly listenFds: readonly ListenFd[];
  /** `unix:PATH`: asks a broker for its one fd. @throws VmattachError */
  readonly receive: (path: string) => Promise<number>;
  /** `/dev/fdset/N` */
  readonly fdSets: FdSets;
  readonly close: (fd: number) => void;
}

const NAME = '@';
const BROKER = 'unix:';

/** open(2)'s, as fcntl(2) F_GETFL has it: /dev/iommu and cdevs are used for reading and writing. */
const O_RDWR = 2;

/** Opens a reference. @throws VmattachError */
export type OpenFdReference = (reference: string) => Promise<OwnedFd>;

/** Whether `fd=` says where the fd comes from, not which it is: `@NAME`, `unix:PATH`, `/dev/fdset/N`. */
export const isFdReference = (text: string): boolean => text.startsWith(NAME) || text.startsWith(BROKER) || isFdSetPath(text);

/**
 * The fd that a reference stands for. What was received or duplicated for this is close-on-exec and has to be closed by the
 * caller; a named fd is inherited, and closing it here does nothing.
 * @param text for which `isFdReference` holds
 * @throws VmattachError when there is none
 */
export const openFdReference = async (text: string, { listenFds, receive, fdSets, close }: FdSources): Promise<OwnedFd> => {
  if (text.startsWith(NAME)) return OwnedFd.borrow(listenFdNamed(text.slice(NAME.length), listenFds));
  if (text.startsWith(BROKER)) return OwnedFd.own({ close }, await receive(text.slice(BROKER.length)));
  return fdSets.open(text, O_RDWR);
};
