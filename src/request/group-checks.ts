import { failure } from '../errors/problem.ts';
import { getBoolean, getOption } from '../options/qemu-opts-values.ts';
import type { QemuOpts } from '../options/qemu-opts.ts';

const missing = (name: string) => failure('PROPERTY_MISSING', `Parameter '${name}' is missing`);

const checkMonitor = (opts: QemuOpts): void => {
  if (getOption(opts, 'chardev') === undefined) {
    throw missing('chardev');
  }
};

/** Not a boolean: `yes` and `true` are refused (QEMU system/vl.c). */
const MEM_LOCK = ['on', 'off', 'on-fault'];

const checkOvercommit = (opts: QemuOpts): void => {
  const value = getOption(opts, 'mem-lock');
  if (value !== undefined && !MEM_LOCK.includes(value)) {
    throw failure('VALUE_INVALID', `parameter 'mem-lock' expects one of ${MEM_LOCK.map((word) => `'${word}'`).join(', ')}`, {
      fixes: MEM_LOCK.map((word) => `mem-lock=${word}`),
    });
  }
};

/** QEMU lists the backends on request, after the command line has been read; that answer is the engine's. */
const checkChardev = (opts: QemuOpts): void => {
  const backend = getOption(opts, 'backend');
  if (backend === 'help' || backend === '?' || opts.helpRequested) {
    return;
  }
  if (opts.id === undefined) {
    throw failure('PROPERTY_MISSING', 'chardev: no id specified', { fixes: ['add id=ID, e.g. id=char0'] });
  }
  if (backend === undefined) {
    throw failure('PROPERTY_MISSING', `chardev: "${opts.id}" missing backend`, {
      fixes: ['name one first, e.g. -chardev socket,...'],
    });
  }
};

const takes = (message: string, name: string, words: readonly string[]) =>
  failure('VALUE_INVALID', message, { fixes: words.map((word) => `${name}=${word}`) });

/** What `-action` takes for each event, in the order QEMU looks at them (qapi/run-state.json). */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  reboot: ['reset', 'shutdown'],
  shutdown: ['poweroff', 'pause'],
  panic: ['pause', 'shutdown', 'exit-failure', 'none'],
  watchdog: ['reset', 'shutdown', 'poweroff', 'pause', 'debug', 'none', 'inject-nmi'],
};

const checkAction = (opts: QemuOpts): void => {
  for (const [name, words] of Object.entries(ACTIONS)) {
    const value = getOption(opts, name);
    if (value !== undefined && !words.includes(value)) {
      throw takes(`Parameter '${name}' does not accept value '${value}'`, name, words);
    }
  }
};

/** What `-sandbox` takes, in the order QEMU looks at them (system/qemu-seccomp.c). */
const SANDBOX: Readonly<Record<string, readonly string[]>> = {
  obsolete: ['deny', 'allow'],
  elevateprivileges: ['deny', 'children', 'allow'],
  spawn: ['deny', 'allow'],
  resourcecontrol: ['deny', 'allow'],
};

const checkSandbox = (opts: QemuOpts): void => {
  if (getBoolean(opts, 'enable') !== true) {
    return;
  }
  for (const [name, words] of Object.entries(SANDBOX)) {
    const value = getOption(opts, name);
    if (value !== undefined && !words.includes(value)) {
      throw takes(`invalid argument for ${name}`, name, words);
    }
  }
};

/** By option: what QEMU finds wrong in a group although every parameter of it is well-formed. */
export const GROUP_CHECKS: Readonly<Record<string, (opts: QemuOpts) => void>> = {
  action: checkAction,
  chardev: checkChardev,
  mon: checkMonitor,
  overcommit: checkOvercommit,
  sandbox: checkSandbox,
};
