import type { OptionDescriptor } from './qemu-opts.ts';

const TYPE_NAMES: Record<OptionDescriptor['type'], string> = { string: 'str', bool: 'bool (on/off)', number: 'num', size: 'size' };

const HELP_COLUMN = 24;

const describe = ({ name, type, help }: OptionDescriptor): string => {
  const parameter = `  ${name}=<${TYPE_NAMES[type]}>`;
  return help === undefined ? parameter : `${parameter.padEnd(HELP_COLUMN)} - ${help}`;
};

/** The lines that `-add-fd help` prints (util/qemu-option.c qemu_opts_print_help): a caption and the parameters, sorted. */
export const describeQemuOpts = (group: string, descriptors: readonly OptionDescriptor[]): string[] => [
  `${group} options:`,
  ...descriptors.map(describe).toSorted((a, b) => (a < b ? -1 : 1)),
];
