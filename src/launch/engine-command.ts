import type { ScannedArgv, ScannedOption } from '../options/scan-argv.ts';
import type { Plan } from '../plan/plan.ts';
import { editArgument } from './edit-argument.ts';
import { lowerDevice } from './lower-device.ts';
import { lowerObject } from './lower-object.ts';
import { setOptions } from './set-options.ts';

/**
 * File descriptors that are open by the time the engine starts, beside those that the command line numbers: by the QOM path of the iommufd
 * object or device that they are for.
 */
export type EngineFds = ReadonlyMap<string, number>;

/** Something that the engine gets otherwise than it was written. */
export interface EngineChange {
  /** The option as it was written; undefined where nobody wrote it. */
  readonly from: string | undefined;
  /** What the engine gets in its place. */
  readonly to: string;
  readonly reasons: readonly string[];
}

/** What an engine is started with, without the program itself. */
export interface EngineCommand {
  readonly argv: readonly string[];
  readonly changes: readonly EngineChange[];
}

/** An argument that only vmattach understands, in the engine's words. */
export interface Lowered {
  readonly edits: ReadonlyMap<string, string | undefined>;
  readonly reasons: readonly string[];
}

/** What decides how the command line is written. */
type Planned = Pick<Plan, 'request' | 'objects' | 'entries'>;

const AUTOMATIC_ID = 'iommufd0';

/** The engine refuses an id that begins with `#`; this one is nobody else's. */
const automaticId = (taken: ReadonlySet<string>): string => {
  for (let number = 0; ; number += 1) {
    const id = number === 0 ? AUTOMATIC_ID : `vmattach-iommufd${number}`;
    if (!taken.has(id)) return id;
  }
};

/** The object that devices get which name none; it comes before the first of them. */
const automaticOption = (plan: Planned, taken: ReadonlySet<string>, fds: EngineFds) => {
  const object = plan.objects.find(({ auto }) => auto);
  if (object === undefined) return undefined;
  const id = automaticId(taken);
  const fd = fds.get(object.path);
  return { id, argument: `iommufd,id=${id}${fd === undefined ? '' : `,fd=${fd}`}` };
};

class Lowering {
  readonly #argv: string[] = [];
  readonly #changes: EngineChange[] = [];
  readonly #fds: EngineFds;
  readonly #automatic: ReturnType<typeof automaticOption>;
  readonly #devices: Plan['entries'][number][];
  readonly #objects: Plan['request']['objects'][number][];
  #automaticWritten = false;

  constructor(plan: Planned, fds: EngineFds) {
    this.#fds = fds;
    this.#automatic = automaticOption(plan, plan.request.objectIds, fds);
    this.#devices = [...plan.entries];
    this.#objects = [...plan.request.objects];
  }

  image(path: string): void {
    this.#argv.push(path);
  }

  option(option: ScannedOption): void {
    const { name, location, value } = option;
    if (name === 'device' && this.#devices[0]?.linked.spec.location === location) {
      this.#device(option, this.#devices.shift());
    } else if (name === 'object' && this.#objects[0]?.location === location) {
      this.#object(option, this.#objects.shift());
    } else {
      this.#pass(option, option.written ?? value);
    }
  }

  result(): EngineCommand {
    return { argv: this.#argv, changes: this.#changes };
  }

  #device(option: ScannedOption, entry: Plan['entries'][number] | undefined): void {
    if (entry === undefined) return;
    const lowered = lowerDevice(entry, this.#automatic?.id, this.#fds.get(entry.linked.path));
    if (entry.object !== undefined && entry.linked.object === undefined) this.#writeAutomatic();
    this.#edit(option, 'driver', lowered);
  }

  #object(option: ScannedOption, spec: Plan['request']['objects'][number] | undefined): void {
    if (spec === undefined) return;
    this.#edit(option, 'qom-type', lowerObject(spec, this.#fds.get(`/objects/${spec.id}`)));
  }

  #writeAutomatic(): void {
    if (this.#automaticWritten || this.#automatic === undefined) return;
    this.#automaticWritten = true;
    const { argument } = this.#automatic;
    this.#argv.push('-object', argument);
    this.#changes.push({
      from: undefined,
      to: `-object ${argument}`,
      reasons: ['a device uses iommufd and names no object; vmattach makes one'],
    });
  }

  #edit(option: ScannedOption, impliedKey: string, { edits, reasons }: Lowered): void {
    if (option.words === 0) {
      this.#set(option, edits, reasons);
      return;
    }
    const written = option.written ?? option.value ?? '';
    const edited = editArgument(written, impliedKey, edits);
    this.#pass(option, edited);
    if (edited !== written) this.#changes.push({ from: option.location, to: `-${option.name} ${edited}`, reasons });
  }

  /** A device of a configuration file, which stays as it is: what it lacks comes behind it. */
  #set({ location, value = '' }: ScannedOption, edits: Lowered['edits'], reasons: readonly string[]): void {
    for (const option of setOptions(location, value, edits)) {
      this.#argv.push('-set', option);
      this.#changes.push({ from: undefined, to: `-set ${option}`, reasons });
    }
  }

  /** The option itself as it was typed, with one dash or two. */
  #pass({ location, name, words, ...option }: ScannedOption, passed: string | undefined): void {
    if (words === 0) return;
    const value = option.written ?? option.value;
    const word = value === undefined ? location : location.slice(0, location.length - value.length - 1);
    this.#argv.push(word === '' ? `-${name}` : word);
    if (passed !== undefined) this.#argv.push(passed);
  }
}

/**
 * The command line that the engine gets: what is not vmattach's own goes through word for word and in order; what only vmattach
 * understands (its device and object types, objects made in the background, named or opened file descriptors) is said in the engine's
 * words. Pure.
 */
export const engineCommand = ({ options, images }: ScannedArgv, plan: Planned, fds: EngineFds): EngineCommand => {
  const lowering = new Lowering(plan, fds);
  const words = [...options.filter(({ qemu }) => qemu !== undefined), ...images].toSorted((one, other) => one.index - other.index);
  for (const word of words) {
    if ('path' in word) lowering.image(word.path);
    else lowering.option(word);
  }
  return lowering.result();
};
