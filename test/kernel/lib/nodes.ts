import { execFileSync } from 'node:child_process';

/** Makes a character device node, mode 0600. @param device as `st_rdev` */
export const makeNode = (path: string, device: number): void => {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  execFileSync('mknod', ['-m', '600', path, 'c', String(major), String(minor)]);
};
