/** The version of QEMU whose options, commands and words are followed. */
const QEMU = { major: 10, minor: 0, micro: 2 } as const;

/** VersionInfo of qapi/control.json. @param version of vmattach */
export const versionInfo = (version: string) => ({ qemu: QEMU, package: `vmattach ${version}` });
