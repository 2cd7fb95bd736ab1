import type { QemuOption } from './qemu-option.ts';
import { DEBUG_OPTIONS } from './qemu-options-debug.ts';
import { DEVICE_OPTIONS } from './qemu-options-devices.ts';
import { STANDARD_OPTIONS } from './qemu-options-standard.ts';

/** Every option of qemu-system-* 10.0 on any target (qemu-options.hx, and `-h` of system/vl.c), in QEMU's order of sections. */
export const QEMU_OPTIONS: readonly QemuOption[] = [...STANDARD_OPTIONS, ...DEVICE_OPTIONS, ...DEBUG_OPTIONS];

export const QEMU_BY_NAME: ReadonlyMap<string, QemuOption> = new Map(QEMU_OPTIONS.map((option) => [option.name, option]));
