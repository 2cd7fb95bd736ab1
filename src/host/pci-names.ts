import type { PciDeviceFacts } from './model.ts';
import type { SystemFiles } from './system-files.ts';

const DATABASES = ['/usr/share/misc/pci.ids', '/usr/share/hwdata/pci.ids'];

/** The text after `prefix` on the first line between two offsets that starts with it. */
const lineAfter = (text: string, prefix: string, from: number, to: number): { rest: string; end: number } | undefined => {
  const start = text.indexOf(`\n${prefix}`, from);
  if (start === -1 || start >= to) return undefined;
  const lineEnd = text.indexOf('\n', start + 1);
  const end = lineEnd === -1 ? text.length : lineEnd;
  return { rest: text.slice(start + 1 + prefix.length, end).trim(), end };
};

/** The offset of the next line that starts a vendor: neither indented nor a comment. */
const nextVendor = (text: string, from: number): number => {
  const pattern = /\n[0-9a-fC]/g;
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
};

/**
 * Finds names like `NVIDIA Corporation AD102 [GeForce RTX 4090]` in the pci.ids database of the host (pci.ids(5)).
 * @returns undefined for a device it does not list, or when the host has no database
 */
export const createPciNames = (files: SystemFiles): ((ids: Pick<PciDeviceFacts, 'vendor' | 'device'>) => string | undefined) => {
  const database = DATABASES.map((file) => files.text(file)).find((content) => content !== undefined);
  if (database === undefined) return () => undefined;
  const text = `\n${database}`;
  return ({ vendor, device }) => {
    const vendorLine = lineAfter(text, `${vendor}  `, 0, text.length);
    if (vendorLine === undefined) return undefined;
    const deviceLine = lineAfter(text, `\t${device}  `, vendorLine.end, nextVendor(text, vendorLine.end));
    return deviceLine === undefined ? undefined : `${vendorLine.rest} ${deviceLine.rest}`;
  };
};
