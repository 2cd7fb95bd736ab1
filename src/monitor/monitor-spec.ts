import { failure, withLocation } from '../errors/problem.ts';
import { CHARDEV_PARAMETERS } from '../options/chardev-parameters.ts';
import { OPTION_GROUPS } from '../options/option-groups.ts';
import { getBoolean, getOption } from '../options/qemu-opts-values.ts';
import { parseQemuOpts, type QemuOpts } from '../options/qemu-opts.ts';
import type { ScannedOption } from '../options/scan-argv.ts';
import { readChardev, type Chardev } from './chardev-spec.ts';

/** A QMP monitor that a command line asks for. */
export interface MonitorSpec {
  /** The id of its character device; QEMU makes up `compat_monitorN` for `-qmp`. */
  readonly label: string;
  readonly chardev: Chardev;
  /** Replies are indented. */
  readonly pretty: boolean;
  /** The option that says where, for errors. */
  readonly location: string;
}

type NamedChardev = Omit<MonitorSpec, 'pretty'>;

const UNIX = 'unix:';
const CHARDEV = 'chardev:';

/** Short forms of -qmp that are character devices of QEMU, other than those that bare has (chardev/char.c). */
const OTHER_SHORT_FORMS =
  /^(null|pty|msmouse|wctablet|braille|testdev|vc|con:|COM\d|file:|pipe:|tcp:|telnet:|tn3270:|websocket:|udp:|mon:|\/dev\/)/;

const onlyControl = (location: string) =>
  failure('OPTION_UNSUPPORTED', 'not supported by -machine bare', {
    location,
    cause: 'bare has QMP monitors, and no monitor for people',
    fixes: ['mode=control on -mon', '-qmp unix:PATH,server=on,wait=off', 'use a machine type of QEMU, e.g. -machine q35'],
  });

const parseChardev = (text: string, impliedKey: string): QemuOpts =>
  parseQemuOpts(text, { group: 'chardev', impliedKey, descriptors: CHARDEV_PARAMETERS });

/** -qmp's short form as the parameters of -chardev. */
const parseShortForm = (text: string): QemuOpts => {
  if (text.startsWith(UNIX)) {
    const opts = parseChardev(text.slice(UNIX.length), 'path');
    return { ...opts, options: [['backend', 'socket'], ...opts.options] };
  }
  if (text === 'stdio' || text.startsWith('stdio,') || OTHER_SHORT_FORMS.test(text)) {
    return parseChardev(text, 'backend');
  }
  throw failure('VALUE_INVALID', `'${text}' is not a valid char driver`, {
    cause: 'a QMP monitor of bare is on a unix socket or on stdio',
    fixes: ['-qmp unix:PATH,server=on,wait=off', '-qmp stdio'],
  });
};

class MonitorReader {
  readonly monitors: MonitorSpec[] = [];
  readonly #chardevs: ReadonlyMap<string, NamedChardev>;
  readonly #used = new Set<string>();

  constructor(chardevs: readonly NamedChardev[]) {
    this.#chardevs = new Map(chardevs.map((chardev) => [chardev.label, chardev]));
  }

  read({ name, value = '', location }: ScannedOption): void {
    switch (name) {
      case 'qmp':
      case 'qmp-pretty':
        return this.#readQmp(value, location, name === 'qmp-pretty');
      case 'mon':
        return this.#readMon(value, location);
      case 'monitor':
        if (value !== 'none') throw onlyControl(location);
    }
  }

  /** A character device is for a monitor or for nothing, and one is enough for stdio. */
  check(): void {
    for (const { label, location } of this.#chardevs.values()) {
      if (!this.#used.has(label)) {
        throw failure('OPTION_UNSUPPORTED', 'not supported by -machine bare', {
          location,
          cause: `no monitor uses '${label}', and bare uses character devices for nothing else`,
          fixes: [`-mon chardev=${label},mode=control`, 'leave it out'],
        });
      }
    }
    const [, second] = this.monitors.filter(({ chardev }) => chardev.kind === 'stdio');
    if (second !== undefined) {
      throw failure('CONFLICT', 'cannot use stdio by multiple character devices', { location: second.location });
    }
  }

  #readQmp(text: string, location: string, pretty: boolean): void {
    if (text.startsWith(CHARDEV)) {
      return this.#use(text.slice(CHARDEV.length), pretty);
    }
    const label = `compat_monitor${this.monitors.filter((monitor) => monitor.label.startsWith('compat_monitor')).length}`;
    this.monitors.push({ label, chardev: readChardev(parseShortForm(text)), pretty, location });
  }

  #readMon(text: string, location: string): void {
    const opts = parseQemuOpts(text, { group: 'mon', impliedKey: 'chardev', descriptors: OPTION_GROUPS['mon'] });
    const mode = getOption(opts, 'mode') ?? 'readline';
    if (mode === 'readline') throw onlyControl(location);
    if (mode !== 'control') {
      throw failure('VALUE_INVALID', `Parameter 'mode' does not accept value '${mode}'`, { fixes: ['mode=control'] });
    }
    this.#use(getOption(opts, 'chardev') ?? '', getBoolean(opts, 'pretty') ?? false);
  }

  #use(label: string, pretty: boolean): void {
    const chardev = this.#chardevs.get(label);
    if (chardev === undefined) {
      throw failure('LINK_NOT_FOUND', `chardev "${label}" not found`, {
        fixes: [`-chardev socket,id=${label},path=PATH,server=on,wait=off`],
      });
    }
    if (this.#used.has(label)) {
      throw failure('CONFLICT', `chardev '${label}' is already in use`, { fixes: ['give each monitor a -chardev of its own'] });
    }
    this.#used.add(label);
    this.monitors.push({ ...chardev, pretty });
  }
}

const readNamedChardev = ({ value = '', location }: ScannedOption): NamedChardev => {
  const opts = parseChardev(value, 'backend');
  return { label: opts.id ?? '', chardev: readChardev(opts), location };
};

/**
 * The QMP monitors of a command line for `-machine bare`: `-qmp`, `-qmp-pretty`, and `-mon` with its `-chardev`, in the order given.
 * @throws VmattachError located at the option, in QEMU's words where QEMU has words
 */
export const readMonitors = (options: readonly ScannedOption[]): readonly MonitorSpec[] => {
  const chardevs = options.filter(({ name }) => name === 'chardev');
  const reader = new MonitorReader(chardevs.map((option) => withLocation(option.location, () => readNamedChardev(option))));
  for (const option of options) {
    withLocation(option.location, () => reader.read(option));
  }
  reader.check();
  return reader.monitors;
};
