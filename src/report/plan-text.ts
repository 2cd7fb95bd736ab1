import type { AddressSpace } from '../backends/address-space.ts';
import { hex } from '../backends/iova-ranges.ts';
import type { Problem } from '../errors/problem.ts';
import { IOMMUFD_NODE } from '../host/stock-nodes.ts';
import type { DeviceEntry } from '../plan/plan-device.ts';
import type { Plan } from '../plan/plan.ts';
import { formatBytes } from '../plan/remedies.ts';
import { deviceAccess, deviceName, deviceSubjects } from './device-node.ts';
import { memlockLine } from './memlock-line.ts';
import { outcomeLine } from './outcome-line.ts';
import { problemsBySubject } from './problems-by-subject.ts';
import { problemText } from './problem-text.ts';

const branch = (last: boolean): string => (last ? '└─ ' : '├─ ');
const stem = (last: boolean): string => (last ? '   ' : '│  ');

interface Tree {
  readonly label: string;
  readonly children: readonly Tree[];
}

const draw = ({ label, children }: Tree): string[] => [
  label,
  ...children.flatMap((child, index) => {
    const last = index === children.length - 1;
    const [first = '', ...rest] = draw(child);
    return [branch(last) + first, ...rest.map((line) => stem(last) + line)];
  }),
];

const leaf = (label: string): Tree => ({ label, children: [] });

/** The codes of what stands against a line of the tree; the whole text is below it. */
const mark = (problems: readonly Problem[]): string => {
  const codes = (isError: boolean): string =>
    [...new Set(problems.filter(({ severity }) => (severity === 'error') === isError).map(({ code }) => code))].join(', ');
  const errors = codes(true);
  const others = codes(false);
  return `${errors === '' ? '' : `  ✗ ${errors}`}${others === '' ? '' : `  ! ${others}`}`;
};

type Against = ReturnType<typeof problemsBySubject>;

const deviceLabel = (entry: DeviceEntry, against: Against): string => {
  const { device, linked, selection } = entry;
  const name = device?.pci?.name === undefined ? '' : ` ${device.pci.name}`;
  const where = device === undefined ? (selection?.backend ?? 'no backend') : `group ${device.group}, ${deviceAccess(device)}`;
  return `${deviceName(entry)}${name} (${linked.path}): ${where}${mark(against(deviceSubjects([entry])))}`;
};

const because = ({ selection }: DeviceEntry): Tree[] => (selection === undefined ? [] : [leaf(`because ${selection.reason}`)]);

/** A reason that all devices have is said once. */
const deviceTrees = (entries: readonly DeviceEntry[], against: Against): Tree[] => {
  const [first, ...others] = entries;
  const backend = first?.selection?.backend;
  const reason = first?.selection?.reason;
  const shared = others.length > 0 && reason !== undefined && others.every(({ selection }) => selection?.reason === reason);
  return [
    ...(shared ? [leaf(`why ${backend ?? ''}, for each device: ${reason}`)] : []),
    ...entries.map((entry) => ({ label: deviceLabel(entry, against), children: shared ? [] : because(entry) })),
  ];
};

const spaceTree = ({ id, backend, object, devices, sections }: AddressSpace, plan: Plan, against: Against): Tree => {
  const members = new Set(devices.map(({ path }) => path));
  const names = object === undefined ? [id] : [id, object.path, object.fd === undefined ? IOMMUFD_NODE : `fd ${object.fd}`];
  const owner = object === undefined ? '' : `, ${object.path}${object.fd === undefined ? '' : ` (fd ${object.fd})`}`;
  return {
    label: `${id}: ${backend}${owner}${mark(against(names))}`,
    children: [
      ...deviceTrees(
        plan.entries.filter(({ linked }) => members.has(linked.path)),
        against,
      ),
      ...sections.map(({ iova, size, block }) =>
        leaf(`RAM ${hex(iova)}-${hex(iova + size - 1n)} (${formatBytes(size)} of ${block})`),
      ),
    ],
  };
};

const unattachable = (plan: Plan, against: Against): Tree[] => {
  const entries = plan.entries.filter(({ device }) => device === undefined);
  return entries.length === 0
    ? []
    : [
        {
          label: 'cannot be attached',
          children: entries.map((entry) => ({ label: deviceLabel(entry, against), children: because(entry) })),
        },
      ];
};

/** A plan as a tree for people, problems below it. @returns without a final line feed */
export const planText = (plan: Plan): string => {
  const against = problemsBySubject(plan);
  return [
    ...draw({
      label: `machine ${plan.request.machine.type}, ${formatBytes(plan.ram.size)} RAM`,
      children: [
        ...plan.spaces.map((space) => spaceTree(space, plan, against)),
        ...unattachable(plan, against),
        { label: memlockLine(plan.memlock), children: plan.memlock.notes.map(leaf) },
        leaf(outcomeLine(plan)),
      ],
    }),
    ...(plan.problems.length === 0 ? [] : ['']),
    ...plan.problems.map(problemText),
  ].join('\n');
};
