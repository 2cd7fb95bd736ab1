import { parseKeyval } from '../options/keyval.ts';
import { splitQemuOpts } from '../options/qemu-opts-text.ts';
import type { ScannedOption } from '../options/scan-argv.ts';

/** What a launch does with /dev/kvm: nothing, cannot run without it, or has something to go on with. */
export type KvmUse = 'no' | 'needed' | 'preferred';

const fromMachine = (options: readonly ScannedOption[]): readonly string[] => {
  const machine = options
    .filter(({ name }) => name === 'machine' || name === 'M')
    .reduce(
      (into, { value = '' }) => parseKeyval(value, { impliedKey: 'type', helpAllowed: true, into }).value,
      parseKeyval('').value,
    );
  const accelerators = machine.get('accel');
  return typeof accelerators === 'string' ? accelerators.split(':') : [];
};

const fromAccel = (options: readonly ScannedOption[]): readonly string[] =>
  options.flatMap(({ name, value = '' }) => {
    if (name === 'enable-kvm') return ['kvm'];
    if (name !== 'accel') return [];
    const accelerator = [...splitQemuOpts(value, 'accel')].find(({ key }) => key === 'accel')?.value ?? '';
    return accelerator.split(':');
  });

/** QEMU tries its accelerators in order and takes the first that works; without any it emulates (accel/accel-system.c). */
export const kvmUse = (options: readonly ScannedOption[]): KvmUse => {
  const accelerators = [...fromMachine(options), ...fromAccel(options)];
  if (!accelerators.includes('kvm')) return 'no';
  return accelerators.every((name) => name === 'kvm') ? 'needed' : 'preferred';
};
