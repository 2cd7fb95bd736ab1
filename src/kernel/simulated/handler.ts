import type { IoctlArgument } from '../kernel.ts';
import type { IoctlName } from '../uapi/ioctls.ts';
import type { World } from './world.ts';

/** What an ioctl does on a file of one kind. @returns the result of ioctl(2)  @throws ErrnoException */
export type Handler<F> = (world: World, file: F, argument: IoctlArgument | undefined) => number;

export type Handlers<F> = Readonly<Partial<Record<IoctlName, Handler<F>>>>;

/** An argument that is a value in the register, not a pointer. */
export const valueOf = (argument: IoctlArgument | undefined): number =>
  argument instanceof Uint8Array ? Number.NaN : Number(argument ?? 0);
