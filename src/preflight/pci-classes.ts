/**
 * Classes of PCI devices by the first digits of the class code (PCI Code and ID Assignment Specification), the more special ones first. The
 * word names the class in lists, and as a filter.
 */
const CLASSES: readonly (readonly [prefix: string, word: string])[] = [
  ['0108', 'nvme'],
  ['0401', 'audio'],
  ['0403', 'audio'],
  ['0c03', 'usb'],
  ['01', 'storage'],
  ['02', 'network'],
  ['03', 'display'],
  ['04', 'multimedia'],
  ['05', 'memory'],
  ['06', 'bridge'],
  ['07', 'communication'],
  ['08', 'system'],
  ['09', 'input'],
  ['0b', 'processor'],
  ['0c', 'serial-bus'],
  ['0d', 'wireless'],
  ['10', 'encryption'],
  ['11', 'signal'],
  ['12', 'accelerator'],
];

/** Words for filters beside those of the table, with the class codes they stand for. */
const MORE_WORDS: Readonly<Record<string, readonly string[]>> = {
  gpu: ['03'],
  vga: ['03'],
  nic: ['02'],
  storage: ['01'],
  all: [''],
};

/** @param code six hexadecimal digits */
export const classWord = (code: string): string => CLASSES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'other';

/** What a class word stands for, as beginnings of class codes; undefined when it is no class word. */
export const classPrefixes = (word: string): readonly string[] | undefined => {
  if (Object.hasOwn(MORE_WORDS, word)) {
    return MORE_WORDS[word];
  }
  const prefixes = CLASSES.filter(([, name]) => name === word).map(([prefix]) => prefix);
  return prefixes.length === 0 ? undefined : prefixes;
};

export const CLASS_WORDS: readonly string[] = [
  ...new Set([...Object.keys(MORE_WORDS), ...CLASSES.map(([, word]) => word)]),
].toSorted();

/** Bridges of all kinds: between buses, to the processor, to ISA. Nobody passes them, and most hosts have dozens. */
export const isAnyBridge = (code: string): boolean => code.startsWith('06');
