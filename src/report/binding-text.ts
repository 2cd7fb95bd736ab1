import type { BindingPlan, MemberReason, PlannedMember } from '../binding/binding-plan.ts';
import { shellLine } from '../binding/run-writes.ts';
import { alignTable, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'ADDRESS', max: 16 },
  { title: 'NAME', max: 40 },
  { title: 'DRIVER', max: 20 },
  { title: 'THEN', max: 20 },
  { title: 'WHY', max: 30 },
];

const REASONS: Readonly<Record<MemberReason, string>> = {
  named: 'named',
  sibling: 'in the same group',
  restored: 'as it was',
  reprobed: 'nothing was saved',
  'bound already': 'bound already',
  bridge: 'a bridge',
  'no driver': 'has no driver',
  'no harm': 'does not harm the group',
  'not named': 'not named',
  'not bound by vmattach': 'not bound by vmattach',
};

const targetText = ({ target }: PlannedMember): string => {
  if (target === undefined) {
    return 'stays';
  }
  return target === 'any' ? "the kernel's choice" : (target.driver ?? 'no driver');
};

const rowOf = (member: PlannedMember): string[] => {
  const { address, name, vendor, device, driver } = member.device;
  return [address, name ?? `${vendor}:${device}`, driver ?? '-', targetText(member), REASONS[member.reason]];
};

/** Every member of the groups that are concerned, with its driver and what becomes of it. */
export const membersText = ({ members }: BindingPlan): string => {
  const groups = [...new Set(members.map(({ device }) => device.group))];
  const ordered = groups.map((group) => ({ group, own: members.filter(({ device }) => device.group === group) }));
  const [titles = '', ...rows] = alignTable(
    COLUMNS,
    ordered.flatMap(({ own }) => own.map(rowOf)),
  );
  const lines = rows.values();
  return [
    `  ${titles}`,
    ...ordered.flatMap(({ group, own }) => [
      group === null ? 'no IOMMU group' : `group ${group}`,
      ...own.map(() => `  ${lines.next().value ?? ''}`),
    ]),
  ].join('\n');
};

/** What `--dry-run` prints: a script for root's shell, with the members as comments. */
export const bindingScript = (plan: BindingPlan): string =>
  [
    ...membersText(plan)
      .split('\n')
      .map((line) => `# ${line}`),
    ...plan.modules.map((driver) => `modprobe ${driver}`),
    ...plan.writes.map(shellLine),
  ].join('\n');

/** What has become of the devices that were moved. @param driverOf as found afterwards */
export const outcomeText = (plan: BindingPlan, driverOf: (address: string) => string | null): string => {
  const moved = plan.members.filter(({ target }) => target !== undefined);
  if (moved.length === 0) {
    return 'nothing to do';
  }
  return moved
    .map(({ device: { address } }) => {
      const driver = driverOf(address);
      return driver === null ? `${address} has no driver` : `${address} is bound to ${driver}`;
    })
    .join('\n');
};
