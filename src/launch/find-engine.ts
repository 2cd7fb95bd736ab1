import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { failure, type VmattachError } from '../errors/problem.ts';

/** A VMM that runs other machine types than `bare`. */
export interface Engine {
  /** The file that is executed. */
  readonly path: string;
}

/** Where an engine is looked for. */
export interface EngineSearch {
  /** `--qemu`. */
  readonly option: string | undefined;
  /** PATH and VMATTACH_QEMU. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Node's name of the processor, e.g. `x64`. */
  readonly architecture: string;
  /** The program that is running: an emulator in PATH can be a link to it. */
  readonly self: string;
}

/** QEMU's names of the targets that Node runs on. */
const TARGETS: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  ia32: 'i386',
  arm: 'arm',
  arm64: 'aarch64',
  loong64: 'loongarch64',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
};

/** The name of the engine for machines of this processor, e.g. `qemu-system-x86_64`. */
export const engineName = (architecture: string): string => `qemu-system-${TARGETS[architecture] ?? architecture}`;

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};

const isSelf = (file: string, { self }: EngineSearch): boolean => {
  try {
    return realpathSync(file) === realpathSync(self);
  } catch {
    return false;
  }
};

const inFolders = (name: string, search: EngineSearch): string | undefined =>
  (search.environment['PATH'] ?? '')
    .split(path.delimiter)
    .map((folder) => path.resolve(folder, name))
    .find((file) => isExecutable(file) && !isSelf(file, search));

const WAYS_OUT = [
  'install QEMU, e.g. apt-get install qemu-system-x86, or name one with --qemu PATH or VMATTACH_QEMU',
  '-machine bare attaches the devices without a guest',
];

const noEngine = (machine: string, cause: string, fixes: readonly string[] = WAYS_OUT): VmattachError =>
  failure('NO_ENGINE', `no VMM engine for machine type '${machine}'`, { cause, fixes });

/** A name without a slash is looked for in PATH, as a shell does. */
const named = (name: string, origin: string, machine: string, search: EngineSearch): Engine => {
  const file = name.includes('/') ? path.resolve(name) : inFolders(name, search);
  const fixes = [`${origin} with the file of a QEMU, e.g. /usr/bin/${engineName(search.architecture)}`, ...WAYS_OUT.slice(1)];
  if (file === undefined) {
    throw noEngine(machine, `${origin} names ${name}, and no folder of PATH has such a program`, fixes);
  }
  if (!isExecutable(file)) {
    throw noEngine(machine, `${origin} names ${name}, which is no file that can be executed`, fixes);
  }
  if (isSelf(file, search)) {
    throw noEngine(machine, `${origin} names ${name}, which is vmattach itself`, fixes);
  }
  return { path: file };
};

/**
 * The VMM engine: `--qemu`, else VMATTACH_QEMU, else QEMU for this processor in PATH; never vmattach itself under another name.
 * @param machine the machine type that needs it, for the message
 * @throws NO_ENGINE
 */
export const findEngine = (machine: string, search: EngineSearch): Engine => {
  const { option, environment, architecture } = search;
  if (option !== undefined) {
    return named(option, '--qemu', machine, search);
  }
  const fromEnvironment = environment['VMATTACH_QEMU'];
  if (fromEnvironment !== undefined && fromEnvironment !== '') {
    return named(fromEnvironment, 'VMATTACH_QEMU', machine, search);
  }
  const name = engineName(architecture);
  const file = inFolders(name, search);
  if (file === undefined) {
    throw noEngine(machine, `-machine ${machine} needs QEMU, and no folder of PATH has ${name}`);
  }
  return { path: file };
};
