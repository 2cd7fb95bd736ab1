import { failure, type VmattachError } from '../errors/problem.ts';
import { QEMU_BY_NAME } from './qemu-options-table.ts';
import { takesArgument, type QemuArchitecture, type QemuOption } from './qemu-option.ts';
import { suggest } from './suggest.ts';

/** An option of vmattach itself: two dashes, `--name VALUE` or `--name=VALUE`. */
export interface OwnOption {
  readonly name: string;
  /** The name of its argument; without it, the option takes none. */
  readonly metavar?: string | undefined;
}

/** One option of the command line. */
export interface ScannedOption {
  readonly name: string;
  readonly value: string | undefined;
  /** The value as it was typed, where `-set` has added to it. */
  readonly written?: string | undefined;
  /** As typed, option and argument joined by one space: what QEMU puts before its messages. */
  readonly location: string;
  /** Index in argv, so that options and images can be put in order. */
  readonly index: number;
  /** How many words of argv it takes, 1 or 2; 0 for what a configuration file says. */
  readonly words: number;
  /** The row of QEMU's table; undefined for an option of our own. */
  readonly qemu: QemuOption | undefined;
}

/** A word that is no option: QEMU takes it for a disk image. */
export interface ScannedImage {
  readonly path: string;
  readonly index: number;
}

export interface ScannedArgv {
  readonly options: readonly ScannedOption[];
  readonly images: readonly ScannedImage[];
}

// Node replaces what is not UTF-8 by U+FFFD; the file that was meant cannot be named any more.
const checkText = (word: string, index: number): void => {
  const what = word.includes('\0') ? 'contains a NUL byte' : word.includes('\uFFFD') ? 'is not valid UTF-8' : undefined;
  if (what !== undefined) throw failure('SYNTAX', `argument ${index + 1} of the command line ${what}`);
};

/** What the user may have meant by an unknown option. */
const meant = (word: string, own: ReadonlyMap<string, OwnOption>): string | undefined => {
  const [name = '', ...attached] = word.replace(/^-{1,2}/, '').split('=');
  if (own.has(name)) return `--${[name, ...attached].join('=')}`;
  if (attached.length > 0 && QEMU_BY_NAME.has(name)) return `-${name} ${attached.join('=')}`;
  const ours = suggest(name, own.keys());
  const theirs = suggest(name, QEMU_BY_NAME.keys());
  if (theirs !== undefined && !(word.startsWith('--') && ours !== undefined)) return `-${theirs}`;
  return ours === undefined ? undefined : `--${ours}`;
};

const unknown = (word: string, own: ReadonlyMap<string, OwnOption>): VmattachError => {
  const known = meant(word, own);
  return failure('OPTION_UNKNOWN', 'invalid option', {
    location: word,
    fixes: known === undefined ? undefined : [`did you mean ${known}`],
  });
};

const withoutArgument = (word: string): VmattachError =>
  failure('OPTION_ARGUMENT_MISSING', 'requires an argument', { location: word });

/** Reads the option at `index`; one that takes an argument takes the next word, whatever it looks like. */
const scanOption = (argv: readonly string[], index: number, own: ReadonlyMap<string, OwnOption>): ScannedOption => {
  const word = argv[index] ?? '';
  const next = argv[index + 1];
  const withNext = { value: next, location: `${word} ${next}`, index, words: 2 };
  const alone = { value: undefined, location: word, index, words: 1 };

  const [ownName = '', ...attached] = word.startsWith('--') ? word.slice(2).split('=') : [];
  const ours = own.get(ownName);
  if (ours !== undefined) {
    const base = { name: ownName, qemu: undefined };
    if (attached.length > 0) {
      if (ours.metavar === undefined) throw failure('SYNTAX', 'takes no argument', { location: word });
      return { ...base, ...alone, value: attached.join('=') };
    }
    if (ours.metavar === undefined) return { ...base, ...alone };
    if (next === undefined) throw withoutArgument(word);
    return { ...base, ...withNext };
  }

  const qemu = QEMU_BY_NAME.get(word.slice(word.startsWith('--') ? 2 : 1));
  if (qemu === undefined) throw unknown(word, own);
  if (!takesArgument(qemu)) return { name: qemu.name, qemu, ...alone };
  if (next === undefined) throw withoutArgument(word);
  return { name: qemu.name, qemu, ...withNext };
};

/**
 * Reads a command line as QEMU does (system/vl.c lookup_opt): one or two dashes, exact names, no `-name=value`, no bundles, no `--`.
 * All unknown options and missing arguments are found here, before any argument is looked at, as in QEMU's first pass.
 * Throws `invalid option` and `requires an argument`, located at the option.
 */
export const scanArgv = (argv: readonly string[], extra: readonly OwnOption[] = []): ScannedArgv => {
  const own = new Map(extra.map((option) => [option.name, option]));
  argv.forEach(checkText);
  const options: ScannedOption[] = [];
  const images: ScannedImage[] = [];
  for (let index = 0; index < argv.length;) {
    const word = argv[index] ?? '';
    if (word.startsWith('-')) {
      const option = scanOption(argv, index, own);
      options.push(option);
      index += option.words;
    } else {
      images.push({ path: word, index });
      index += 1;
    }
  }
  return { options, images };
};

/** QEMU's second pass refuses options of other targets, in their turn: `Option not supported for this target`. */
export const checkTarget = ({ qemu, location }: ScannedOption, architecture: QemuArchitecture): void => {
  if (qemu?.architectures === undefined || qemu.architectures.includes(architecture)) return;
  throw failure('OPTION_UNSUPPORTED', 'Option not supported for this target', { location });
};
