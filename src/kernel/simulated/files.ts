import type { FileKind } from '../kernel.ts';
import type { Container } from './container.ts';
import type { IommufdContext } from './iommufd-context.ts';
import type { PageStore } from './page-store.ts';
import type { VfioDevice } from './vfio-device.ts';
import type { VfioGroup } from './vfio-group.ts';

/** What fstat(2) says apart from the size. */
export interface Inode {
  readonly kind: FileKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** `major:minor`, or empty. */
  readonly device: string;
}

export interface ContainerFile {
  readonly kind: 'container';
  readonly inode: Inode;
  readonly container: Container;
}

export interface IommufdFile {
  readonly kind: 'iommufd';
  readonly inode: Inode;
  readonly context: IommufdContext;
}

export interface GroupFile {
  readonly kind: 'group';
  readonly inode: Inode;
  readonly group: VfioGroup;
}

/** A VFIO device through its group: usable from the start. */
export interface DeviceFile {
  readonly kind: 'device';
  readonly inode: Inode;
  readonly device: VfioDevice;
}

/** A VFIO device through its cdev: of no use until it is bound. */
export interface CdevFile {
  readonly kind: 'cdev';
  readonly inode: Inode;
  readonly device: VfioDevice;
  bound: boolean;
}

/** A regular file or a memfd. */
export interface DataFile {
  readonly kind: 'data';
  readonly inode: Inode;
  readonly store: PageStore;
  readonly isMemfd: boolean;
}

/** Anything else that can be open: /dev/null, a socket, a pipe. */
export interface OtherFile {
  readonly kind: 'other';
  readonly inode: Inode;
}

export type OpenFile = ContainerFile | IommufdFile | GroupFile | DeviceFile | CdevFile | DataFile | OtherFile;

/** What the last close of a file does. */
export const releaseFile = (file: OpenFile): void => {
  switch (file.kind) {
    case 'iommufd':
      return file.context.put();
    case 'group':
      return file.group.put();
    case 'device':
      return file.device.closeFromGroup();
    case 'cdev':
      if (file.bound) file.device.closeFromCdev();
      return;
    case 'container':
    case 'data':
    case 'other':
      return;
  }
};
