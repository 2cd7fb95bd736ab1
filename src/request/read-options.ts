import type { DeviceSpec } from '../devices/device-spec.ts';
import { parseDevice, type EngineDevice } from '../devices/parse-device.ts';
import { failure, withLocation } from '../errors/problem.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import { parseObject, type EngineObject } from '../objects/parse-object.ts';
import { parseKeyval, type KeyvalDict } from '../options/keyval.ts';
import { OPTION_GROUPS } from '../options/option-groups.ts';
import { mergeQemuOpts } from '../options/qemu-opts-values.ts';
import { parseQemuOpts, type OptsWarning, type QemuOpts } from '../options/qemu-opts.ts';
import type { ScannedOption } from '../options/scan-argv.ts';
import { parseUuid } from '../options/uuid.ts';
import type { RequestWarning } from './request.ts';

/** Every option of a command line, parsed in its turn; nothing is created or linked yet. */
export interface ParsedOptions {
  readonly objects: readonly (ObjectSpec | EngineObject)[];
  readonly devices: readonly (DeviceSpec | EngineDevice)[];
  /** All `-machine` options laid over each other. */
  readonly machine: KeyvalDict;
  /** All `-m` options as one. */
  readonly memory: Pick<QemuOpts, 'options'>;
  readonly memPath: string | undefined;
  readonly warnings: readonly RequestWarning[];
}

class OptionReader {
  readonly objects: (ObjectSpec | EngineObject)[] = [];
  readonly devices: (DeviceSpec | EngineDevice)[] = [];
  readonly warnings: RequestWarning[] = [];
  readonly #objectIds = new Set<string>();
  readonly #deviceIds = new Set<string>();
  readonly #memory: QemuOpts[] = [];
  #machine: KeyvalDict = new Map();
  #memPath: string | undefined;

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
      memPath: this.#memPath,
      warnings: this.warnings,
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
    return ({ message, hint }) => this.warnings.push({ location, message, hint: [hint] });
  }

  /** Groups with a fixed list of parameters are checked even where only an engine acts on them. */
  #readGroup(option: ScannedOption, value: string): void {
    const { qemu } = option;
    const descriptors = qemu?.group === undefined ? undefined : OPTION_GROUPS[qemu.group];
    if (qemu?.grammar !== 'qemuopts' || qemu.group === undefined || descriptors === undefined) {
      return;
    }
    const rules = { group: qemu.group, impliedKey: qemu.impliedKey, mergeLists: qemu.mergeLists, descriptors };
    const opts = parseQemuOpts(value, { ...rules, onWarning: this.#warn(option) });
    if (option.name === 'm') {
      this.#memory.push(opts);
    }
  }
}

const checkMonitor = (option: ScannedOption): void => {
  const wantsChardev = option.name === 'mon' && !/(^|,)chardev=|^[^=,]+(,|$)/.test(option.value ?? '');
  if (wantsChardev) {
    throw failure('PROPERTY_MISSING', "Parameter 'chardev' is missing");
  }
};

/** QEMU's second pass over a command line: each option's argument is parsed where it stands. @throws VmattachError located at it */
export const readOptions = (options: readonly ScannedOption[]): ParsedOptions => {
  const reader = new OptionReader();
  for (const option of options) {
    withLocation(option.location, () => {
      reader.read(option);
      checkMonitor(option);
    });
  }
  return reader.result();
};
