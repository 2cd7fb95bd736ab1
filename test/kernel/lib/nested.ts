import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const INITRAMFS_SCRIPT = path.resolve(import.meta.dirname, '../nested/initramfs.sh');

/** What the nested guest prints once the `edu` it found has read a page of its RAM and written it to another. */
export const NESTED_DMA = 'moved 4096 bytes by DMA';

/** RAM of the nested guest; `edu` reaches the first 256 MiB. */
export const NESTED_MIB = 64;

/** Builds the archive that a nested guest boots from. @returns its path */
export const buildInitramfs = (): string => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'nested-')), 'initramfs.gz');
  execFileSync('bash', [INITRAMFS_SCRIPT, file], { stdio: 'inherit' });
  return file;
};

/** QEMU's options of a nested guest, its devices left out. It prints on stdout, and runs until it is stopped. */
export const nestedMachine = (initramfs: string): readonly string[] => [
  ...['-machine', 'q35', '-accel', 'kvm', '-cpu', 'host', '-m', `${NESTED_MIB}M`],
  ...['-nodefaults', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
  ...['-kernel', `${process.env['VMATTACH_GUEST_KERNEL']}/bzImage`, '-initrd', initramfs],
  ...['-append', 'console=ttyS0 quiet panic=-1 hold'],
];
