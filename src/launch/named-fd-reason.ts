import type { PropertyValues } from '../objects/property.ts';

/** Why a property `fd` has become a number. @param what is opened where the user names no fd */
export const namedFdReason = (values: PropertyValues, what: string): string => {
  return values.has('fd') ? 'QEMU takes a file descriptor by its number' : `vmattach has opened ${what} for QEMU`;
};
