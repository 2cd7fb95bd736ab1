import type { SystemFiles } from './system-files.ts';

/** The value of a kernel configuration symbol: `y`, `m`, or `n` when it is not set. */
export type ConfigValue = 'y' | 'm' | 'n';

const readConfigText = (files: SystemFiles, release: string): string | undefined => {
  const text = files.text(`/boot/config-${release}`) ?? files.text(`/lib/modules/${release}/config`);
  if (text !== undefined) return text;
  const compressed = files.bytes('/proc/config.gz');
  if (compressed === undefined) return undefined;
  try {
    // Loaded only here: few kernels need it, and it costs a millisecond of every start.
    return process.getBuiltinModule('node:zlib').gunzipSync(compressed).toString('utf8');
  } catch {
    return undefined;
  }
};

/**
 * Looks up symbols of the running kernel's configuration: /boot/config-RELEASE, /lib/modules/RELEASE/config or /proc/config.gz.
 * The file is read on the first question, for most hosts never. @returns undefined when there is no file to ask
 */
export const createKernelConfig = (files: SystemFiles, release: string): ((symbol: string) => ConfigValue | undefined) => {
  let text: string | undefined;
  let isRead = false;
  return (symbol) => {
    if (!isRead) {
      const config = readConfigText(files, release);
      // So that every line begins with a line end.
      text = config === undefined ? undefined : `\n${config}`;
      isRead = true;
    }
    if (text === undefined) return undefined;
    const assignment = `\nCONFIG_${symbol}=`;
    const start = text.indexOf(assignment);
    const value = start === -1 ? 'n' : text[start + assignment.length];
    return value === 'y' || value === 'm' ? value : 'n';
  };
};

/**
 * Whether a module exists for the running kernel, built in or as a file, by /lib/modules/RELEASE/modules.builtin and modules.dep.
 * @param name with underscores, e.g. `vfio_iommu_type1`
 * @returns undefined when the lists are not there
 */
export const hasModule = (files: SystemFiles, release: string, name: string): boolean | undefined => {
  const builtin = files.text(`/lib/modules/${release}/modules.builtin`);
  const loadable = files.text(`/lib/modules/${release}/modules.dep`);
  if (builtin === undefined || loadable === undefined) return undefined;
  return new RegExp(`(?:^|/)${name.replaceAll('_', '[-_]')}\\.ko`, 'm').test(`${builtin}\n${loadable.replace(/:.*$/gm, '')}`);
};
