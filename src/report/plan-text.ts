import type { AddressSpace, AttachDevice } from '../backends/address-space.ts';
import { hex } from '../backends/iova-ranges.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlannedDevice } from '../plan/planned-device.ts';
import { formatBytes } from '../plan/remedies.ts';
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

const deviceLabel = (device: PlannedDevice): string => {
  const name = device.pci?.name === undefined ? '' : ` ${device.pci.name}`;
  const where = device.backend === 'iommufd' && device.cdev !== undefined ? device.cdev.path : `/dev/vfio/${device.group}`;
  return `${device.name}${name} (${device.path}): group ${device.group}, ${device.fd === undefined ? where : `fd ${device.fd}`}`;
};

const spaceTree = (space: AddressSpace, plan: Plan): Tree => ({
  label: `${space.id}: ${space.backend}${space.object === undefined ? '' : `, ${space.object.path}${space.object.fd === undefined ? '' : ` (fd ${space.object.fd})`}`}`,
  children: [
    ...plan.devices
      .filter(({ path }) => space.devices.some((device: AttachDevice) => device.path === path))
      .map((device) => ({ label: deviceLabel(device), children: [leaf(`because ${device.reason}`)] })),
    ...space.sections.map((section) =>
      leaf(`RAM ${hex(section.iova)}-${hex(section.iova + section.size - 1n)} (${formatBytes(section.size)} of ${section.block})`),
    ),
  ],
});

const memlockLine = ({ required, limit, accounting, sufficient }: Plan['memlock']): string => {
  const allowed =
    accounting === 'none'
      ? 'not limited: CAP_IPC_LOCK'
      : `limit ${limit === undefined ? 'unlimited' : formatBytes(limit)} per ${accounting}`;
  return `memlock: needs ${formatBytes(required)}, ${allowed}${sufficient ? '' : ' - TOO LOW'}`;
};

/** A plan as a tree for people, problems below it. @returns without a final line feed */
export const planText = (plan: Plan): string =>
  [
    ...draw({
      label: `machine ${plan.request.machine.type}, ${formatBytes(plan.ram.size)} RAM`,
      children: [
        ...plan.spaces.map((space) => spaceTree(space, plan)),
        leaf(memlockLine(plan.memlock)),
        leaf(
          plan.steps.length === 0
            ? 'no steps: it would not be attached'
            : `${plan.steps.length} step${plan.steps.length === 1 ? '' : 's'}, about ${plan.timeline.predictedMs} ms to attach`,
        ),
      ],
    }),
    ...plan.problems.map(problemText),
  ].join('\n');
