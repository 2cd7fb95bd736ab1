import type { ProblemCode } from '../errors/codes.ts';
import type { HostModel } from '../host/model.ts';
import { isPassable, type ListedDevice } from '../preflight/list-devices.ts';
import { classWord } from '../preflight/pci-classes.ts';
import { alignTable, type Column } from './table.ts';

/** Together with the gaps and the indentation at most 120 columns. */
const COLUMNS: readonly Column[] = [
  { title: 'ADDRESS', max: 16 },
  { title: 'CLASS', max: 8 },
  { title: 'NAME', max: 32 },
  { title: 'DRIVER', max: 14 },
  { title: 'RESET', max: 9 },
  { title: 'CDEV', max: 7 },
  { title: 'NUMA', max: 4 },
  { title: 'CAN BE PASSED', max: 18 },
];

const INDENT = ' ';

/** A few words for what the problem explains at length. */
const SHORT: Partial<Readonly<Record<ProblemCode, string>>> = {
  NOT_BOUND: 'not bound',
  GROUP_NOT_VIABLE: 'group not viable',
  NO_IOMMU: 'no IOMMU group',
  PERMISSION: 'no permission',
  BUSY: 'in use',
  TYPE1_MISSING: 'no container',
  CDEV_MISSING: 'no node',
  MSI_NOT_ISOLATED: 'MSI not isolated',
  VF_TOKEN_REQUIRED: 'needs a VF token',
  RMRR: 'RMRR',
  MEMLOCK_TOO_LOW: 'memlock limit',
};

const answerText = (device: ListedDevice): string => {
  if (isPassable(device)) {
    return device.answers
      .filter(({ usable }) => usable)
      .map(({ backend }) => backend)
      .join(', ');
  }
  const code = device.answers[0]?.problems[0]?.code;
  return code === undefined ? 'no' : `no: ${SHORT[code] ?? code}`;
};

/** The method the kernel tries first, and how many other devices a reset may reach. */
const resetText = ({ facts, resetsWith }: ListedDevice): string => {
  const [first = 'none'] = facts.resetMethods;
  return first === 'bus' && resetsWith.length > 0 ? `${first} +${resetsWith.length}` : first;
};

const rowOf = (device: ListedDevice): string[] => {
  const { facts } = device;
  return [
    facts.address,
    classWord(facts.class),
    facts.name ?? `${facts.vendor}:${facts.device}`,
    facts.driver ?? '-',
    resetText(device),
    facts.cdev?.name ?? '-',
    facts.numaNode === undefined ? '-' : String(facts.numaNode),
    answerText(device),
  ];
};

const byGroup = (devices: readonly ListedDevice[]): (readonly [group: number | null, members: ListedDevice[]])[] => {
  const groups = new Map<number | null, ListedDevice[]>();
  for (const device of devices) {
    const members = groups.get(device.facts.group) ?? [];
    members.push(device);
    groups.set(device.facts.group, members);
  }
  return [...groups].toSorted(([a], [b]) => (a ?? Infinity) - (b ?? Infinity));
};

/** The group with its size in full: members that are not listed, say bridges, belong to it as well. */
const groupTitle = (group: number | null, listed: number, model: HostModel): string => {
  if (group === null) {
    return 'no IOMMU group';
  }
  const iommu = model.groups.find(({ id }) => id === group)?.iommu;
  const more = model.devices.filter((device) => device.group === group).length - listed;
  const details = [...(iommu === undefined || iommu === 'unknown' ? [] : [iommu]), ...(more > 0 ? [`${more} more not shown`] : [])];
  return `group ${group}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
};

const detailLines = (device: ListedDevice): string[] => {
  if (isPassable(device)) {
    return [];
  }
  const [problem] = device.answers[0]?.problems ?? [];
  return problem === undefined
    ? []
    : [
        `${device.facts.address}: ${problem.code}`,
        ...(problem.cause === undefined ? [] : [`  cause: ${problem.cause}`]),
        ...(problem.fixes ?? []).map((fix) => `  fix: ${fix}`),
      ];
};

/**
 * A table by IOMMU group, not wider than 120 columns.
 * @param explain adds why each device that cannot be passed cannot, and what to do
 */
export const devicesText = (devices: readonly ListedDevice[], model: HostModel, explain: boolean): string => {
  const groups = byGroup(devices);
  const [titles = '', ...rows] = alignTable(
    COLUMNS,
    groups.flatMap(([, members]) => members.map(rowOf)),
  );
  const lines = rows.values();
  return [
    INDENT + titles,
    ...groups.flatMap(([group, members]) => [
      groupTitle(group, members.length, model),
      ...[...members].map(() => INDENT + (lines.next().value ?? '')),
    ]),
    ...(explain ? devices.flatMap(detailLines) : ['vmattach devices ADDRESS says why a device cannot be passed and what to do']),
  ].join('\n');
};
