/** The C types that occur in the uapi structs; all little endian on the machines that are served. */
export type FieldType = 'u8' | 'u16' | 'u32' | 'u64' | 's32';

export interface Field<T extends FieldType = FieldType> {
  /** Bytes from the start of the struct. */
  readonly offset: number;
  readonly type: T;
}

const field =
  <T extends FieldType>(type: T) =>
  (offset: number): Field<T> => ({ offset, type });

export const u8 = field('u8');
export const u16 = field('u16');
export const u32 = field('u32');
export const u64 = field('u64');
export const s32 = field('s32');
