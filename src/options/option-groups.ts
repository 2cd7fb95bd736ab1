import { CHARDEV_PARAMETERS } from './chardev-parameters.ts';
import type { OptionDescriptor } from './qemu-opts.ts';

type Type = OptionDescriptor['type'];

// The texts are those that `-add-fd help` and its like print, line breaks included.
const parameter =
  (type: Type) =>
  (name: string, help?: string): OptionDescriptor =>
    help === undefined ? { name, type } : { name, type, help };

const flag = parameter('bool');
const number = parameter('number');
const size = parameter('size');
const text = parameter('string');

/**
 * The option groups with a fixed list of parameters whose contents are read here, not only by the engine (system/vl.c of QEMU 10.0).
 * Other groups either accept any key or are the engine's.
 */
export const OPTION_GROUPS: Readonly<Record<string, readonly OptionDescriptor[]>> = {
  'add-fd': [
    number('fd', 'file descriptor of which a duplicate is added to fd set'),
    number('set', 'ID of the fd set to add fd to'),
    text('opaque', 'free-form string used to describe fd'),
  ],
  action: [text('shutdown'), text('reboot'), text('panic'), text('watchdog')],
  'boot-opts': [
    text('order'),
    text('once'),
    flag('menu'),
    text('splash'),
    number('splash-time'),
    number('reboot-timeout'),
    flag('strict'),
  ],
  chardev: CHARDEV_PARAMETERS,
  icount: [text('shift'), flag('align'), flag('sleep'), text('rr'), text('rrfile'), text('rrsnapshot')],
  memory: [size('size'), number('slots'), size('maxmem')],
  mon: [text('mode'), text('chardev'), flag('pretty')],
  msg: [
    flag('timestamp'),
    flag('guest-name', 'Prepends guest name for error messages but only if -name guest is set otherwise option is ignored\n'),
  ],
  name: [
    text(
      'guest',
      'Sets the name of the guest.\nThis name will be displayed in the SDL window caption.\nThe name will also be used for the VNC server',
    ),
    text('process', 'Sets the name of the QEMU process, as shown in top etc'),
    flag(
      'debug-threads',
      'When enabled, name the individual threads; defaults off.\nNOTE: The thread names are for debugging and not a\nstable API.',
    ),
  ],
  'option-rom': [number('bootindex'), text('romfile')],
  overcommit: [text('mem-lock'), flag('cpu-pm')],
  rtc: [text('base'), text('clock'), text('driftfix')],
  'run-with': [flag('async-teardown'), text('chroot'), text('user')],
  sandbox: [flag('enable'), text('obsolete'), text('elevateprivileges'), text('spawn'), text('resourcecontrol')],
  'smp-opts': ['cpus', 'drawers', 'books', 'sockets', 'dies', 'clusters', 'modules', 'cores', 'threads', 'maxcpus'].map((name) =>
    number(name),
  ),
};
