import { parseBoolean } from './boolean.ts';
import { parseOptionNumber, type QemuOpts } from './qemu-opts.ts';
import { parseSize } from './size.ts';

type Options = Pick<QemuOpts, 'options'>;

/** The value that counts: the last one given. */
export const getOption = ({ options }: Options, name: string): string | undefined => options.findLast(([key]) => key === name)?.[1];

/** Throws `Parameter 'k' expects 'on' or 'off'`. */
export const getBoolean = (opts: Options, name: string): boolean | undefined => {
  const text = getOption(opts, name);
  return text === undefined ? undefined : parseBoolean(name, text);
};

/** 0 to 2^64-1. Throws `Parameter 'k' expects a number`, `Value 'v' is too large for parameter 'k'`. */
export const getNumber = (opts: Options, name: string): bigint | undefined => {
  const text = getOption(opts, name);
  return text === undefined ? undefined : parseOptionNumber(name, text);
};

/** Bytes. Throws `Parameter 'k' expects a non-negative number below 2^64`, `Value 'v' is out of range for parameter 'k'`. */
export const getSize = (opts: Options, name: string): bigint | undefined => {
  const text = getOption(opts, name);
  return text === undefined ? undefined : parseSize(name, text);
};

/** The one item of a merged group (`-m 1G -m slots=2`): later values win key by key. */
export const mergeQemuOpts = (items: readonly Options[]): Options => ({ options: items.flatMap(({ options }) => options) });
