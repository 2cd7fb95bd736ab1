import { parseSize } from './size.ts';

const ALIGNMENT = 8192n;

/**
 * The `size` of `-m` in bytes, a multiple of 8 KiB; 0 asks for the machine's default. A last character that is a digit means mebibytes
 * (system/vl.c parse_memory_options), which is why `0x40` fails with `Parameter 'memory.size' expects size` only here.
 */
export const parseMemorySize = (text: string): bigint => {
  const plain = parseSize('size', text);
  if (plain === 0n) return plain;
  const bytes = /[0-9]$/.test(text) ? parseSize('memory.size', `${text}M`, 'keyval') : plain;
  return ((bytes + ALIGNMENT - 1n) / ALIGNMENT) * ALIGNMENT;
};
