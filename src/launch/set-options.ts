import { failure } from '../errors/problem.ts';
import { splitQemuOpts } from '../options/qemu-opts-text.ts';
import type { Edits } from './edit-argument.ts';

const cannotChange = (location: string, cause: string) =>
  failure('OPTION_UNSUPPORTED', 'this section cannot be put into words of QEMU', {
    location,
    cause: `QEMU reads the file by itself, and ${cause}`,
    fixes: ['write it on the command line instead', 'use vfio-pci and iommufd=ID in the file'],
  });

/**
 * Changes to a section of a configuration file as arguments of `-set`, which can add and replace but not remove.
 * @param text of the section, as an option would have it
 * @throws OPTION_UNSUPPORTED
 */
export const setOptions = (location: string, text: string, edits: Edits): readonly string[] => {
  if (edits.size === 0) return [];
  const values = new Map([...splitQemuOpts(text)].map(({ key, value }) => [key, value]));
  const id = values.get('id');
  if (id === undefined) throw cannotChange(location, '-set reaches only devices that have an id');
  if (values.has('qom-type')) throw cannotChange(location, '-set does not reach objects');
  return [...edits].map(([key, value]) => {
    if (value === undefined) throw cannotChange(location, `-set cannot remove ${key}=`);
    return `device.${id}.${key}=${value}`;
  });
};
