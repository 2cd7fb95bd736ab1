import type { AttachDevice } from './address-space.ts';
import type { Session } from './session.ts';

/** How a failure of a step is said in QEMU's words, without the `vfio NAME: ` prefix. */
export interface FailureText {
  readonly message: string;
  readonly hint?: readonly string[];
  /** Why, where the step itself knows. */
  readonly cause?: string;
  readonly fixes?: readonly string[];
}

/**
 * One step of a plan: a kernel call (or a few that belong together), what it waits for, and how it is undone.
 * `undo` must succeed on what `run` left, and must not throw for something that is gone already.
 */
export interface Step {
  readonly id: string;
  /** The call that matters: an ioctl by name, or `open`, `mmap`, … */
  readonly call: string;
  /** Path or node that it is done on. */
  readonly subject: string;
  readonly after: readonly string[];
  /** The device to blame in messages. Steps of a shared resource blame the first device that needs it. */
  readonly device?: AttachDevice;
  /** Bytes of guest RAM that the step pins and maps; what it costs depends on them. */
  readonly mappedBytes?: bigint;
  /** Bytes of guest RAM whose pages the step makes. */
  readonly populatedBytes?: bigint;
  readonly run: (session: Session) => void | Promise<void>;
  readonly undo?: (session: Session) => void | Promise<void>;
  /**
   * @param reason strerror(3) text of the failed call
   * @param call the ioctl or function that failed, for steps that do more than one
   * @param code the errno by name
   */
  readonly explain?: (reason: string, session: Session, call: string, code: string) => FailureText;
}
