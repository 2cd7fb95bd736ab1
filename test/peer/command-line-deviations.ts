/** What vmattach says instead of what QEMU says, on purpose. */
interface Deviation {
  readonly status: number;
  readonly error: string | undefined;
}

const NONE = '-machine none';
const Q35 = '-machine q35';

const refused = (machine: string, option: string, message: string): [string, Deviation] => [
  `${machine} ${option}`,
  { status: 1, error: `${option}: ${message}` },
];

const absent = (option: string, path: string) =>
  refused(Q35, option, `vfio ${path}: no such host device: No such file or directory`);

const FF = '/sys/bus/pci/devices/0000:ff:00.0';

/** The engine's buses are looked at when the engine runs; the host device is missing before that. */
const BUSES = ['addr=0x1f', 'bus=pci.0', 'bus=isa.0', 'bus=/pcie.0'].map((property) =>
  absent(`-device vfio-pci,host=ff:00.0,${property}`, FF),
);

/** Types and spellings of vmattach, and types of other architectures that it can plan for. */
const OWN_TYPES: readonly [string, Deviation][] = [
  [`${NONE} -object iommu,id=a`, { status: 0, error: undefined }],
  ...['vfio-ap,help', 'vfio-ccw,help', 'vfio-platform,help'].map((device): [string, Deviation] => [
    `${Q35} -device ${device}`,
    { status: 0, error: undefined },
  ]),
  absent('-device vfio-ap,sysfsdev=/x', '/x'),
  absent('-device vfio-platform,host=x', '/sys/bus/platform/devices/x'),
  absent('-device vfio-iommu-pci,host=ff:00.0', FF),
];

/** QEMU ignores a value of the wrong type. */
const WRONG_TYPES = ['"bus":1', '"id":null', '"id":["a"]'].map((member) =>
  refused(
    Q35,
    `-device {"driver":"vfio-pci","host":"ff:00.0",${member}}`,
    `Invalid parameter type for '${member.startsWith('"bus"') ? 'bus' : 'id'}', expected: string`,
  ),
);

export const DEVIATIONS: ReadonlyMap<string, Deviation> = new Map([
  ...BUSES,
  ...OWN_TYPES,
  ...WRONG_TYPES,
  // Of several wrong members QEMU reports an arbitrary one.
  refused(NONE, '-object {"qom-type":"iommufd","id":"a","x":1,"y":2}', "Parameter 'x' is unexpected"),
  refused(
    Q35,
    '-device {"driver":"vfio-pci","host":"ff:00.0","bus":"x"}',
    `vfio ${FF}: no such host device: No such file or directory`,
  ),
]);
