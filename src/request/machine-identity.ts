import { getOption, mergeQemuOpts } from '../options/qemu-opts-values.ts';
import { parseQemuOpts } from '../options/qemu-opts.ts';
import type { ScannedOption } from '../options/scan-argv.ts';
import { parseUuid } from '../options/uuid.ts';

/** What a command line says about the machine as a whole; it changes nothing in it. */
export interface MachineIdentity {
  /** `-name guest=`. */
  readonly name: string | undefined;
  /** `-uuid`, in lower case. */
  readonly uuid: string | undefined;
  /** `-S`: clients of a monitor are expected to say `cont`. */
  readonly startsPaused: boolean;
  /** `--preconfig`: clients of a monitor are expected to say `x-exit-preconfig`. */
  readonly preconfig: boolean;
}

const valuesOf = (options: readonly ScannedOption[], name: string): readonly string[] =>
  options.flatMap((option) => (option.name === name ? [option.value ?? ''] : []));

/** @param options already checked, as `readRequest` does */
export const readIdentity = (options: readonly ScannedOption[]): MachineIdentity => {
  const names = valuesOf(options, 'name').map((text) => parseQemuOpts(text, { group: 'name', impliedKey: 'guest' }));
  const uuid = valuesOf(options, 'uuid').at(-1);
  return {
    name: getOption(mergeQemuOpts(names), 'guest'),
    uuid: uuid === undefined ? undefined : parseUuid(uuid),
    startsPaused: options.some(({ name }) => name === 'S'),
    preconfig: options.some(({ name }) => name === 'preconfig'),
  };
};
