/** What the libvirt of a Debian suite can do with host devices. */
const SUITES = {
  trixie: { libvirt: '11.3', iommufd: false },
  unstable: { libvirt: undefined, iommufd: true },
} as const;

export interface Suite {
  /** What its version begins with, where a suite keeps one. */
  readonly libvirt: string | undefined;
  /** Whether it has `<driver name='vfio' iommufd='yes'/>` (12.1 and later). */
  readonly iommufd: boolean;
}

/** @throws Error for a suite that is not known */
export const currentSuite = (): Suite => {
  const name = process.env['VMATTACH_LIBVIRT_SUITE'] ?? '';
  const suite = Object.entries(SUITES).find(([key]) => key === name)?.[1];
  if (suite === undefined) throw new Error(`no suite '${name}'; there are ${Object.keys(SUITES).join(', ')}`);
  return suite;
};
