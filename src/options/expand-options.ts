import { failure, withLocation } from '../errors/problem.ts';
import { parseConfigFile, type ConfigSection } from './config-file.ts';
import { isJson } from './json.ts';
import { OPTION_GROUPS } from './option-groups.ts';
import type { QemuOption } from './qemu-option.ts';
import { QEMU_OPTIONS } from './qemu-options-table.ts';
import { splitQemuOpts } from './qemu-opts-text.ts';
import { parseQemuOpts } from './qemu-opts.ts';
import type { ScannedOption } from './scan-argv.ts';

/** The text of a file that an option names; undefined for one to be passed over. @throws VmattachError */
export type ReadFile = (path: string, location: string) => string | undefined;

const SET = /^([^.]{1,63})\.([^.]{1,63})\.([^=]{1,63})=/;

/** Groups that QEMU reads in another way than the rest (system/vl.c is_qemuopts_group). */
const NOT_SETTABLE: ReadonlySet<string> = new Set(['object', 'machine', 'smp-opts', 'boot-opts', 'audiodev']);

const rowOf = (group: string): QemuOption => {
  const row = QEMU_OPTIONS.find((option) => option.group === group);
  if (row === undefined) throw failure('SYNTAX', `There is no option group '${group}'`);
  return row;
};

const pair = (key: string, value: string): string => `${key}=${value.replaceAll(',', ',,')}`;

/** A section as the option that says the same. Its location is the file's, which QEMU puts right behind its own name. */
const fromSection = ({ group, values, line }: ConfigSection, file: string, index: number): ScannedOption => {
  const row = rowOf(group);
  return {
    name: row.name,
    value: [...values].map(([key, value]) => pair(key, value)).join(','),
    location: `:${file}:${line}`,
    index,
    words: 0,
    qemu: row,
  };
};

const idOf = ({ value = '' }: ScannedOption): string | undefined =>
  isJson(value) ? undefined : [...splitQemuOpts(value)].find(({ key }) => key === 'id')?.value;

/** `-set` adds to an item that is there already. @returns whether it was found */
const addTo = (options: ScannedOption[], group: string, id: string, added: string): boolean => {
  const index = options.findLastIndex((option) => option.qemu?.group === group && idOf(option) === id);
  const option = options[index];
  if (option === undefined) return false;
  options[index] = { ...option, value: `${option.value ?? ''},${added}`, written: option.written ?? option.value };
  return true;
};

const applySet = (options: ScannedOption[], text: string): void => {
  const [head, group = '', id = '', key = ''] = SET.exec(text) ?? [];
  if (head === undefined) {
    throw failure('SYNTAX', `can't parse: "${text}"`, {
      fixes: ['-set GROUP.ID.KEY=VALUE, e.g. -set device.gpu.host=0000:01:00.0'],
    });
  }
  if (NOT_SETTABLE.has(group)) throw failure('OPTION_UNSUPPORTED', `-set is not supported with ${group}`);
  rowOf(group);
  const found = addTo(options, group, id, pair(key, text.slice(head.length)));
  // Options of other groups can make items without an id in their text, which only the engine knows.
  if (!found && group === 'device') {
    throw failure('LINK_NOT_FOUND', `there is no device "${id}" defined`, {
      cause: '-set adds to a -device in key=value form that comes before it',
      fixes: [`give -device ...,id=${id} first`],
    });
  }
};

/** Ids that items have so far, by group. */
class KnownIds {
  readonly #byGroup = new Map<string, Set<string>>();

  constructor(options: readonly ScannedOption[]) {
    for (const option of options) {
      if (option.qemu?.group !== undefined) this.add(option.qemu.group, idOf(option));
    }
  }

  of(group: string): ReadonlySet<string> {
    return this.#byGroup.get(group) ?? new Set();
  }

  add(group: string, id: string | undefined): void {
    if (id === undefined) return;
    const ids = this.#byGroup.get(group) ?? new Set();
    this.#byGroup.set(group, ids.add(id));
  }
}

/**
 * What QEMU finds wrong with a section while it reads the file, before it makes anything of it: ids, and values where the group has a list
 * of parameters. `[object]` is read in another way. @throws VmattachError without a location
 */
const checkSection = ({ qemu, value = '' }: ScannedOption, known: KnownIds): void => {
  const group = qemu?.group;
  if (group === undefined || NOT_SETTABLE.has(group)) return;
  const { mergeLists } = qemu ?? {};
  const { id } = parseQemuOpts(value, { group, mergeLists, descriptors: OPTION_GROUPS[group], existingIds: known.of(group) });
  known.add(group, id);
};

const addSections = (expanded: ScannedOption[], text: string, file: string, index: number): void => {
  const known = new KnownIds(expanded);
  for (const section of parseConfigFile(text)) {
    const option = fromSection(section, file, index);
    checkSection(option, known);
    expanded.push(option);
  }
};

/**
 * The options with what `-readconfig` files say in their place and with `-set` laid over the items they name. The options themselves
 * stay, for an engine that reads them again.
 * @throws VmattachError in QEMU's words
 */
export const expandOptions = (options: readonly ScannedOption[], read: ReadFile): readonly ScannedOption[] => {
  const expanded: ScannedOption[] = [];
  for (const option of options) {
    expanded.push(option);
    const { name, value = '', location, index, qemu } = option;
    if (qemu === undefined) continue;
    if (name === 'readconfig') {
      const text = read(value, location) ?? '';
      withLocation(location, () => addSections(expanded, text, value, index));
    } else if (name === 'set') {
      withLocation(location, () => applySet(expanded, value));
    }
  }
  return expanded;
};
