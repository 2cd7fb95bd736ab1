import type { Problem } from '../errors/problem.ts';
import type { PciDeviceFacts } from '../host/model.ts';
import type { UndoRecord } from './undo-record.ts';

/** One write to a file of sysfs; the value goes with a line feed, as `echo` writes it. */
export interface SysfsWrite {
  readonly kind: 'override' | 'unbind' | 'probe' | 'bind';
  readonly address: string;
  readonly path: string;
  /** Empty clears a `driver_override`. */
  readonly value: string;
  /** What must be found afterwards: the content of `driver_override`, or the driver; null is none, undefined is whatever comes. */
  readonly expected: string | null | undefined;
}

export interface BindingWrite extends SysfsWrite {
  /** What takes it back, in this order; what has its effect already is skipped. */
  readonly undo: readonly SysfsWrite[];
}

/** Why a member of a group is moved or stays. */
export type MemberReason =
  | 'named'
  | 'sibling'
  | 'restored'
  | 'reprobed'
  | 'bound already'
  | 'bridge'
  | 'no driver'
  | 'no harm'
  | 'not named'
  | 'not bound by vmattach';

export interface PlannedMember {
  readonly device: PciDeviceFacts;
  readonly reason: MemberReason;
  /** The driver it gets: null for none, undefined when it stays as it is, `any` when the kernel chooses. */
  readonly target: { readonly driver: string | null } | 'any' | undefined;
}

/** What `bind` or `unbind` will do. An error-level problem leaves the list of writes empty. */
export interface BindingPlan {
  /** Of all groups that are concerned, in the order of the host's addresses. */
  readonly members: readonly PlannedMember[];
  /** PCI drivers that have to be loaded before. */
  readonly modules: readonly string[];
  readonly writes: readonly BindingWrite[];
  /** To be saved before the first write. */
  readonly records: readonly UndoRecord[];
  /** Devices whose records have served when all is done. */
  readonly released: readonly string[];
  readonly problems: readonly Problem[];
}

/** Whether something of level error stands against it. */
export const isRefused = (problems: readonly Problem[]): boolean => problems.some(({ severity }) => severity === 'error');
