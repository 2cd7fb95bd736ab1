import { inheritedFds } from '../host/runtime-fds.ts';
import { replaceProcess } from '../kernel/linux/replace-process.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { VmattachError } from '../errors/problem.ts';
import { findEngine, type Engine } from '../launch/find-engine.ts';
import { engineSearch } from './engine-search.ts';

/** Options of QEMU in which nothing is passed through and nothing is checked here, without an argument. */
export const ENGINE_FLAGS: ReadonlySet<string> = new Set([
  'S',
  'daemonize',
  'enable-kvm',
  'no-reboot',
  'no-shutdown',
  'no-user-config',
  'nodefaults',
  'nographic',
  'only-migratable',
  'snapshot',
]);

/** The same with an argument. */
export const ENGINE_ARGUMENTS: ReadonlySet<string> = new Set([
  'D',
  'L',
  'accel',
  'append',
  'bios',
  'cdrom',
  'cpu',
  'd',
  'display',
  'drive',
  'hda',
  'initrd',
  'kernel',
  'monitor',
  'pidfile',
  'qmp',
  'serial',
  'vga',
]);

/** A machine of the engine, in a form that QEMU reads without an error. */
const MACHINE = /^(?:type=)?(?!bare(?:,|$))[\w.-]+(?:,[\w-]+=[^,]+)*$/;

const isMachine = (name: string, value: string): boolean => (name === 'machine' || name === 'M') && MACHINE.test(value);

const isEngineOnly = (argv: readonly string[]): boolean => {
  for (let index = 0; index < argv.length; index += 1) {
    const [, name] = /^--?([A-Za-z][\w-]*)$/.exec(argv[index] ?? '') ?? [];
    if (name === undefined) return false;
    if (!ENGINE_FLAGS.has(name)) {
      index += 1;
      const value = argv[index];
      if (value === undefined || !(ENGINE_ARGUMENTS.has(name) || isMachine(name, value))) return false;
    }
  }
  return true;
};

/** @returns undefined where the whole program has to say why there is none */
const installedEngine = (): Engine | undefined => {
  try {
    return findEngine('', engineSearch(undefined));
  } catch (error) {
    if (error instanceof VmattachError) return undefined;
    throw error;
  }
};

/**
 * Hands a command line over to the engine at once, if it consists of options that have nothing to do with vmattach: management layers
 * start such a QEMU to ask what it can do. Only what that takes is loaded. Returns when the command line needs a look, or the engine
 * cannot be started.
 */
export const passThrough = (argv: readonly string[]): void => {
  if (argv.length === 0 || !isEngineOnly(argv)) return;
  const engine = installedEngine();
  if (engine === undefined) return;
  try {
    replaceProcess({ path: engine.path, argv: [engine.path, ...argv], environment: process.env, fds: inheritedFds(argv) });
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
  }
};
