import type { ProblemCode } from '../errors/codes.ts';
import type { HostModel } from '../host/model.ts';
import { isBridge } from '../host/query.ts';
import { isPassable, type ListedDevice } from '../preflight/list-devices.ts';
import { classWord } from '../preflight/pci-classes.ts';
import { alignTable, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'GROUP', max: 10 },
  { title: 'ADDRESS', max: 16 },
  { title: 'CLASS', max: 13 },
  { title: 'NAME', max: 'rest' },
  { title: 'DRIVER', max: 14 },
  { title: 'RESET', max: 9 },
  { title: 'CDEV', max: 7 },
  { title: 'NUMA', max: 4 },
  { title: 'CAN BE PASSED', max: 20 },
];

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
  if (isBridge(device.facts)) {
    return 'no: a bridge';
  }
  const code = device.answers[0]?.problems[0]?.code;
  return code === undefined ? 'no' : `no: ${SHORT[code] ?? code}`;
};

/** The method the kernel tries first, and how many other devices a reset may reach. */
const resetText = ({ facts, resetsWith }: ListedDevice): string => {
  const [first = 'none'] = facts.resetMethods;
  return first === 'bus' && resetsWith.length > 0 ? `${first} +${resetsWith.length}` : first;
};

/** The group, and how many of its members the list leaves out, say bridges. */
const groupText = (group: number | null, listed: readonly ListedDevice[], model: HostModel): string => {
  if (group === null) {
    return '-';
  }
  const members = model.devices.filter((device) => device.group === group).length;
  const hidden = members - listed.filter(({ facts }) => facts.group === group).length;
  return hidden === 0 ? String(group) : `${group} (+${hidden})`;
};

const rowOf = (device: ListedDevice, group: string): string[] => {
  const { facts } = device;
  return [
    group,
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
 * A table in the order of IOMMU groups, not wider than 120 columns.
 * @param explain adds why each device that cannot be passed cannot, and what to do
 */
export const devicesText = (devices: readonly ListedDevice[], model: HostModel, explain: boolean): string => {
  const byGroup = devices.toSorted((a, b) => (a.facts.group ?? Infinity) - (b.facts.group ?? Infinity) || 0);
  const groups = new Map(byGroup.map(({ facts: { group } }) => [group, groupText(group, devices, model)]));
  return [
    ...alignTable(
      COLUMNS,
      byGroup.map((device) => rowOf(device, groups.get(device.facts.group) ?? '-')),
    ),
    ...(explain ? byGroup.flatMap(detailLines) : ['vmattach devices ADDRESS says why a device cannot be passed and what to do']),
  ].join('\n');
};
