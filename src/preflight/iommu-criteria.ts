import type { GroupFacts, HostModel } from '../host/model.ts';
import * as remedies from '../plan/remedies.ts';
import { fails, ok, unknown, withoutLaunch, type Criterion, type Finding, type Subject } from './criterion.ts';

const NOTHING_VISIBLE = 'no PCI device can be seen from here: /sys is not mounted, or this machine has no PCI bus';

const listed = (values: readonly string[]): string => [...new Set(values)].toSorted().join(', ');

const hasTranslation = (group: GroupFacts): boolean => group.noIommu !== true;

const noIommu = ([first]: HostModel['devices']): Finding =>
  first === undefined ? unknown(NOTHING_VISIBLE) : fails(remedies.noIommu(first.address));

/** PCI devices that an IOMMU translates for. */
const translatedDevices = ({ model, host }: Subject): HostModel['devices'] =>
  model.devices.filter(({ group }) => {
    const facts = group === null ? undefined : host.group(group);
    return facts !== undefined && hasTranslation(facts);
  });

/** An IOMMU counts when it has devices: with translation off, or for other buses, it is listed too. */
const checkIommu = (subject: Subject): Finding => {
  const { model, host } = subject;
  const devices = translatedDevices(subject);
  const iommus = new Set(devices.flatMap(({ group }) => (group === null ? [] : (host.iommu(group) ?? []))));
  if (iommus.size > 0) {
    return ok(`${iommus.size} (${listed([...iommus].map(({ type }) => type))})`);
  }
  return devices.length === 0
    ? noIommu(model.devices)
    : unknown('there are IOMMU groups, but nothing says which IOMMU they belong to');
};

/** Where there are none, that has been said; with a launch only its own devices count. */
const checkGroups = (subject: Subject): Finding | undefined => {
  const devices = translatedDevices(subject);
  return subject.plan !== undefined || devices.length === 0
    ? undefined
    : ok(`${devices.length} devices in ${new Set(devices.map(({ group }) => group)).size} groups`);
};

/** The groups that matter: those of the devices of the launch, or all that have a PCI device. Mediated devices have no IOMMU. */
const groupsOf = ({ model, host, plan }: Subject): readonly GroupFacts[] => {
  const ids =
    plan === undefined
      ? model.devices.map(({ group }) => group)
      : plan.devices.filter(({ mediated }) => !mediated).map(({ group }) => group);
  return [...new Set(ids)].flatMap((id) => (id === null ? [] : (host.group(id) ?? []))).filter(hasTranslation);
};

const UNSAFE = 'allow_unsafe_interrupts';

/** The modules that were told to go without. */
const unsafeModules = ({ modules }: HostModel): string[] =>
  ['vfio_iommu_type1', 'iommufd'].filter((name) => modules[name]?.parameters?.[UNSAFE] === 'Y');

const checkInterrupts = (subject: Subject): Finding | undefined => {
  const groups = groupsOf(subject);
  if (groups.length === 0) {
    return undefined;
  }
  const isolation = groups.map(({ id, iommu }) => ({
    name: iommu === 'unknown' ? `the IOMMU of group ${id}` : iommu,
    isolated: subject.host.iommu(id)?.isolatedMsi ?? 'unknown',
  }));
  const namesOf = (isolated: boolean | 'unknown'): string[] =>
    isolation.filter((one) => one.isolated === isolated).map(({ name }) => name);
  const [open, unclear] = [namesOf(false), namesOf('unknown')];
  const unsafe = unsafeModules(subject.model);
  if (open.length > 0 && unsafe.length > 0) {
    return ok(`not isolated by ${listed(open)}, and allowed by ${UNSAFE} of ${unsafe.join(' and ')}`);
  }
  if (open.length > 0) {
    return fails(remedies.msiNotIsolated('type1'), remedies.msiNotIsolated('iommufd'));
  }
  return unclear.length === 0
    ? ok('the IOMMU remaps them')
    : unknown(`nothing here tells whether ${listed(unclear)} isolates them; the kernel decides when a device is attached`);
};

/** What the IOMMU does. */
export const IOMMU_CRITERIA: readonly Criterion[] = [
  { id: 'iommu', title: 'IOMMU present and on', codes: ['NO_IOMMU'], hard: withoutLaunch, check: checkIommu },
  { id: 'groups', title: 'IOMMU groups', codes: [], hard: withoutLaunch, check: checkGroups },
  // Unknown is hard with a launch as well: attaching may fail for it.
  { id: 'interrupts', title: 'interrupts isolated', codes: ['MSI_NOT_ISOLATED'], hard: () => true, check: checkInterrupts },
];
