import type { Field } from './field.ts';
import { IOMMUFD_DATA_STRUCTS } from './iommufd-data-structs.ts';
import { IOMMUFD_STRUCTS } from './iommufd-structs.ts';
import { VFIO_CONTAINER_STRUCTS } from './vfio-container-structs.ts';
import { VFIO_DEVICE_STRUCTS } from './vfio-device-structs.ts';

export interface StructLayout {
  /** sizeof in Linux 7.2, in bytes; a flexible array at the end does not count. */
  readonly size: number;
  /** The least length in bytes that a kernel accepts: the struct as it was when it came in. */
  readonly minimum: number;
  /** The field that holds the struct's own length: `argsz` in VFIO, `size` in iommufd. */
  readonly length: 'argsz' | 'size' | null;
  /** By C designator: `pgsize`, `header.next`, `dte[0]`. Members of a union share an offset. */
  readonly fields: Readonly<Record<string, Field>>;
}

/** Every struct of linux/vfio.h and linux/iommufd.h that an x86 kernel reads or writes; sPAPR, EEH, ccw and Arm parts are left out. */
export const STRUCTS = {
  ...VFIO_CONTAINER_STRUCTS,
  ...VFIO_DEVICE_STRUCTS,
  ...IOMMUFD_STRUCTS,
  ...IOMMUFD_DATA_STRUCTS,
} as const satisfies Readonly<Record<string, StructLayout>>;

export type StructName = keyof typeof STRUCTS;
