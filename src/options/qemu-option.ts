/** QEMU's target families, as far as options differ between them. */
export type QemuArchitecture = 'i386' | 'arm' | 'loongarch' | 'm68k' | 'mips' | 'ppc' | 'riscv' | 's390x' | 'sparc' | 'xtensa';

/** How QEMU reads an option's argument. `json-or-...` is JSON when the first character is `{`. */
export type OptionGrammar = 'none' | 'plain' | 'qemuopts' | 'keyval' | 'json-or-keyval' | 'json-or-qemuopts';

/** An option of qemu-system-*. */
export interface QemuOption {
  /** Without dashes. */
  readonly name: string;
  /** `none` means that it takes no argument. */
  readonly grammar: OptionGrammar;
  /** The shape of the argument, for help. */
  readonly metavar?: string;
  /** One line. */
  readonly help: string;
  /** The targets that have it; undefined means all. */
  readonly architectures?: readonly QemuArchitecture[];
  /** QEMU's name for the set of items the option adds to; messages and `-set` use it. */
  readonly group?: string;
  /** The key of a first value that names none. */
  readonly impliedKey?: string;
  /** All uses of the option make one item. */
  readonly mergeLists?: boolean;
}

export const takesArgument = ({ grammar }: QemuOption): boolean => grammar !== 'none';
