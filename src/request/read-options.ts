import type { DeviceSpec } from '../devices/device-spec.ts';
import { parseDevice, type EngineDevice } from '../devices/parse-device.ts';
import { withLocation } from '../errors/problem.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import { parseObject, type EngineObject } from '../objects/parse-object.ts';
import { parseGlobal, type GlobalProperty } from '../options/global-property.ts';
import { mergeKeyval } from '../options/keyval-merge.ts';
import { parseKeyval, type KeyvalDict } from '../options/keyval.ts';
import { OPTION_GROUPS } from '../options/option-groups.ts';
import { mergeQemuOpts } from '../options/qemu-opts-values.ts';
import { parseQemuOpts, type OptsWarning, type QemuOpts } from '../options/qemu-opts.ts';
import type { ScannedOption } from '../options/scan-argv.ts';
import { parseUuid } from '../options/uuid.ts';
import { GROUP_CHECKS } from './group-checks.ts';
import type { RequestWarning } from './request.ts';

/** Every option of a command line, parsed in its turn; nothing is created or linked yet. */
export interface ParsedOptions {
  readonly objects: readonly (ObjectSpec | EngineObject)[];
  readonly devices: readonly (DeviceSpec | EngineDevice)[];
  /** All `-machine` options laid over each other; `-smp` and `-boot` are its members `smp` and `boot`. */
  readonly machine: KeyvalDict;
  /** All `-m` options as one. */
  readonly memory: Pick<QemuOpts, 'options'>;
  /** All `-rtc` options as one. */
  readonly clock: Pick<QemuOpts, 'options'>;
  readonly memPath: string | undefined;
  /** Defaults of device properties, in command-line order. */
  readonly globals: readonly GlobalProperty[];
}

class OptionReader {
  readonly objects: (ObjectSpec | EngineObject)[] = [];
  readonly devices: (DeviceSpec | EngineDevice)[] = [];
  readonly #report: (warning: RequestWarning) => void;
  readonly #objectIds = new Set<string>();
  readonly #deviceIds = new Set<string>();
  /** By group: ids of its earlier items. */
  readonly #ids = new Map<string, Set<string>>();
  readonly #memory: QemuOpts[] = [];
  readonly #globals: GlobalProperty[] = [];
  readonly #clock: QemuOpts[] = [];
  #machine: KeyvalDict = new Map();
  #memPath: string | undefined;

  constructor(report: (warning: RequestWarning) => void) {
    this.#report = report;
  }

  read(option: ScannedOption): void {
    const value = option.value ?? '';
    switch (option.name) {
      case 'object':
        return this.#remember(this.objects, this.#objectIds, value, (text) =>
          parseObject(text, { location: option.location, existingIds: this.#objectIds, onWarning: this.#warn(option) }),
        );
      case 'device':
        return this.#remember(this.devices, this.#deviceIds, value, (text) =>
          parseDevice(text, { location: option.location, existingIds: this.#deviceIds, onWarning: this.#warn(option) }),
        );
      case 'machine':
      case 'M':
        this.#machine = parseKeyval(value, { impliedKey: 'type', helpAllowed: true, into: this.#machine }).value;
        return;
      case 'boot':
        return this.#mergeIntoMachine('boot', value, 'order');
      case 'smp':
        return this.#mergeIntoMachine('smp', value, 'cpus');
      case 'global':
        this.#globals.push(parseGlobal(value, this.#warn(option)));
        return;
      case 'mem-path':
        this.#memPath = value;
        return;
      case 'uuid':
        parseUuid(value);
        return;
      default:
        this.#readGroup(option, value);
    }
  }

  result(): ParsedOptions {
    return {
      objects: this.objects,
      devices: this.devices,
      machine: this.#machine,
      memory: mergeQemuOpts(this.#memory),
      clock: mergeQemuOpts(this.#clock),
      memPath: this.#memPath,
      globals: this.#globals,
    };
  }

  /** Only ids of key=value items count for later ones: QEMU keeps JSON items in another list. */
  #remember<T extends { readonly id: string | undefined }>(
    items: T[],
    ids: Set<string>,
    text: string,
    parse: (text: string) => T,
  ): void {
    const item = parse(text);
    items.push(item);
    if (item.id !== undefined && !text.startsWith('{')) {
      ids.add(item.id);
    }
  }

  #warn({ location }: ScannedOption): (warning: OptsWarning) => void {
    return ({ message, hint }) => this.#report({ location, message, hint: [hint] });
  }

  /** QEMU system/vl.c, machine_parse_property_opt: `-smp` is another way to write `-machine smp.…`. */
  #mergeIntoMachine(property: string, text: string, impliedKey: string): void {
    const { value } = parseKeyval(text, { impliedKey, helpAllowed: true });
    this.#machine = mergeKeyval(this.#machine, new Map([[property, value]]));
  }

  /** Groups with a fixed list of parameters are checked even where only an engine acts on them. */
  #readGroup(option: ScannedOption, value: string): void {
    const { qemu } = option;
    const descriptors = qemu?.group === undefined ? undefined : OPTION_GROUPS[qemu.group];
    if (qemu?.grammar !== 'qemuopts' || qemu.group === undefined || descriptors === undefined) {
      return;
    }
    const existingIds = this.#ids.get(qemu.group) ?? new Set();
    const rules = { group: qemu.group, impliedKey: qemu.impliedKey, mergeLists: qemu.mergeLists, descriptors, existingIds };
    const opts = parseQemuOpts(value, { ...rules, onWarning: this.#warn(option) });
    GROUP_CHECKS[option.name]?.(opts);
    if (opts.id !== undefined) {
      this.#ids.set(qemu.group, existingIds.add(opts.id));
    }
    if (option.name === 'm') {
      this.#memory.push(opts);
    }
    if (option.name === 'rtc') {
      this.#clock.push(opts);
    }
  }
}

/** These add their location themselves, because QEMU says none for the id of a JSON object. */
const LOCATED = new Set(['object', 'device']);

/** QEMU's second pass over a command line: each option's argument is parsed where it stands. @throws VmattachError located as QEMU's are */
export const readOptions = (options: readonly ScannedOption[], warn: (warning: RequestWarning) => void): ParsedOptions => {
  const reader = new OptionReader(warn);
  for (const option of options) {
    if (LOCATED.has(option.name)) {
      reader.read(option);
    } else {
      withLocation(option.location, () => reader.read(option));
    }
  }
  return reader.result();
};
