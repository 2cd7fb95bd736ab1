import { failure } from '../errors/problem.ts';
import { getOption } from './qemu-opts-values.ts';
import { parseQemuOpts, type OptsWarning } from './qemu-opts.ts';

/** `-global`: a default for a property of all devices of a class. */
export interface GlobalProperty {
  readonly driver: string;
  readonly property: string;
  readonly value: string;
}

const SHORT = /^([^.=]{1,63})\.([^=]{1,63})=/;
const DESCRIPTORS = ['driver', 'property', 'value'].map((name) => ({ name, type: 'string' as const }));

const required = (value: string | undefined): string => {
  if (value === undefined) throw failure('PROPERTY_MISSING', "options 'driver', 'property', and 'value' are required");
  return value;
};

/**
 * The argument of `-global`: `DRIVER.PROP=VALUE`, or `driver=,property=,value=` (system/qdev-monitor.c qemu_global_option).
 * @throws VmattachError in QEMU's words
 */
export const parseGlobal = (text: string, onWarning: (warning: OptsWarning) => void): GlobalProperty => {
  const [head, driver = '', property = ''] = SHORT.exec(text) ?? [];
  if (head !== undefined) return { driver, property, value: text.slice(head.length) };
  const opts = parseQemuOpts(text, { group: 'global', descriptors: DESCRIPTORS, onWarning });
  const read = (name: string): string => required(getOption(opts, name));
  return { driver: read('driver'), property: read('property'), value: read('value') };
};
