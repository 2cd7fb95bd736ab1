import { VmattachError } from '../errors/problem.ts';

/** QEMU's error classes that are in use (qapi/error.json); everything without a meaning of its own to clients is generic. */
export type ErrorClass = 'GenericError' | 'CommandNotFound' | 'DeviceNotActive' | 'DeviceNotFound' | 'KVMMissingCap';

/** An error as it is sent. */
export interface ErrorReply {
  readonly class: ErrorClass;
  readonly desc: string;
}

/** A command that fails with a class of its own. Commands that throw a VmattachError fail with GenericError. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly errorClass: ErrorClass;

  constructor(errorClass: ErrorClass, description: string) {
    super(description);
    this.errorClass = errorClass;
  }
}

/** A generic error in QEMU's words. */
export const refused = (description: string): CommandError => new CommandError('GenericError', description);

/** What a client is told about an exception. Only the message is sent; causes and fixes are for people. */
export const errorReply = (error: unknown): ErrorReply => {
  if (error instanceof CommandError) return { class: error.errorClass, desc: error.message };
  if (error instanceof VmattachError) return { class: 'GenericError', desc: error.problem.message };
  return { class: 'GenericError', desc: `internal error: ${error instanceof Error ? error.message : String(error)}` };
};
