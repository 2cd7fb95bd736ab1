/** NVIDIA's kernels charge device memory that is mapped through an iommufd; mainline does not. */
export const chargesDeviceMemory = (release: string): boolean => /nvidia/i.test(release);

/**
 * Whether a kernel release (`uname -r`, e.g. `6.12.95+deb13-amd64`) is at least `major.minor`.
 * A release that does not start with two numbers counts as older than anything.
 */
export const isKernelAtLeast = (release: string, major: number, minor: number): boolean => {
  const match = /^(\d+)\.(\d+)/.exec(release);
  if (match === null) return false;
  const actualMajor = Number(match[1]);
  return actualMajor > major || (actualMajor === major && Number(match[2]) >= minor);
};
