import type { ProblemCode } from '../errors/codes.ts';
import type { PciDeviceFacts } from '../host/model.ts';
import { isVfioBound } from '../host/query.ts';
import { resetDomain } from '../host/reset-domain.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';
import { never, ok, okUnless, fails, type Criterion, type Defect, type Finding, type Subject } from './criterion.ts';

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Said when the plan found nothing against it. */
const byPlan = (id: string, title: string, codes: readonly ProblemCode[], detail: (subject: Subject) => string): Criterion => ({
  id,
  title,
  codes,
  hard: never,
  check: (subject) => (subject.plan === undefined || subject.plan.devices.length === 0 ? undefined : ok(detail(subject))),
});

const launched = ({ plan }: Subject): readonly PciDeviceFacts[] =>
  (plan?.devices ?? []).flatMap(({ pci }) => (pci === undefined ? [] : [pci]));

/** Methods that reset the function alone (drivers/pci/pci.c, `pci_reset_fn_methods`). */
const FUNCTION_RESETS: ReadonlySet<string> = new Set(['device_specific', 'acpi', 'flr', 'af_flr', 'pm']);

const resetDefects = (device: PciDeviceFacts, subject: Subject): Defect[] => {
  if (device.resetMethods.some((method) => FUNCTION_RESETS.has(method))) {
    return [];
  }
  const { address } = device;
  if (device.resetMethods.length === 0) {
    return [
      {
        subject: address,
        cause: `${address} cannot be reset: the guest gets it as it was left, and leaves it so`,
        fixes: ['power the host off and on when the device misbehaves'],
      },
    ];
  }
  const own = new Set(launched(subject).map((other) => other.address));
  const others = resetDomain(subject.model, device).filter((other) => !own.has(other.address));
  return others.length === 0
    ? []
    : [
        {
          subject: address,
          cause: `${address} can be reset only together with its bus, where ${others.map((other) => other.address).join(', ')} would lose state too`,
          fixes: ['pass all devices of the bus to the same guest'],
        },
      ];
};

const checkReset = (subject: Subject): Finding | undefined => {
  const devices = launched(subject);
  if (devices.length === 0) {
    return undefined;
  }
  const methods = [...new Set(devices.flatMap(({ resetMethods }) => resetMethods.slice(0, 1)))];
  return okUnless(
    devices.flatMap((device) => resetDefects(device, subject)),
    methods.join(', '),
  );
};

const addressesByNode = (devices: readonly PciDeviceFacts[]): ReadonlyMap<number, readonly string[]> => {
  const byNode = new Map<number, string[]>();
  for (const { numaNode, address } of devices) {
    if (numaNode !== undefined) {
      byNode.set(numaNode, [...(byNode.get(numaNode) ?? []), address]);
    }
  }
  return byNode;
};

const checkNuma = (subject: Subject): Finding | undefined => {
  const byNode = addressesByNode(launched(subject));
  const [first, second] = byNode.keys();
  if (first === undefined) {
    return undefined;
  }
  if (second === undefined) {
    return ok(`all on node ${first}; local RAM: numactl --cpunodebind=${first} --membind=${first} vmattach ...`);
  }
  return fails({
    cause: `the devices are on different NUMA nodes: ${[...byNode].map(([node, addresses]) => `${addresses.join(', ')} on node ${node}`).join('; ')}. Some of them reach guest RAM through another node`,
    fixes: ['choose devices of one node: vmattach devices shows the node of each'],
  });
};

const checkAnyBound = ({ model, plan }: Subject): Finding | undefined => {
  if (plan !== undefined) {
    return undefined;
  }
  const bound = model.devices.filter(isVfioBound);
  return okUnless(
    bound.length > 0
      ? []
      : [
          {
            cause: 'no device is bound to a VFIO driver',
            fixes: ['vmattach devices lists what could be passed', 'vmattach bind ADDRESS'],
          },
        ],
    `${count(bound.length, 'device')} bound to a VFIO driver; vmattach devices says which can be passed`,
  );
};

const checkEngine = ({ plan }: Subject): Finding | undefined => {
  const type = plan?.request.machine.type;
  return type === undefined || type === BARE_MACHINE ? undefined : ok(`nothing stands against -machine ${type}`);
};

/** The launch and its devices. What the plan refuses and no other criterion speaks of ends in the last. */
export const LAUNCH_CRITERIA: readonly Criterion[] = [
  byPlan(
    'found',
    'devices found',
    ['NO_SUCH_DEVICE', 'DUPLICATE_DEVICE', 'FD_NOT_OPEN', 'FD_WRONG_KIND', 'FD_WRONG_DEVICE'],
    ({ plan }) => count(plan?.devices.length ?? 0, 'device'),
  ),
  byPlan('bound', 'devices bound to VFIO', ['NOT_BOUND'], ({ plan }) => count(plan?.devices.length ?? 0, 'device')),
  byPlan('viable', 'groups viable', ['GROUP_NOT_VIABLE', 'GROUP_SPLIT'], ({ plan }) =>
    count(new Set(plan?.devices.map(({ group }) => group)).size, 'group'),
  ),
  byPlan('free', 'devices not in use', ['BUSY'], ({ model: { process } }) =>
    process.uid === 0
      ? 'nobody holds their nodes'
      : `no process of uid ${process.uid} holds their nodes; those of others cannot be seen`,
  ),
  byPlan('iova', 'guest RAM can be mapped', ['IOVA_RESERVED', 'RMRR'], () => 'no reserved range is in the way'),
  byPlan('token', 'VF tokens', ['VF_TOKEN_REQUIRED'], () => 'none is missing'),
  byPlan('mapped-once', 'guest RAM mapped once', ['DOUBLE_MAP'], ({ plan }) => count(plan?.spaces.length ?? 0, 'address space')),
  { id: 'reset', title: 'devices can be reset', codes: [], hard: never, check: checkReset },
  { id: 'numa', title: 'NUMA locality', codes: [], hard: never, check: checkNuma },
  { id: 'any-bound', title: 'devices to pass', codes: [], hard: never, check: checkAnyBound },
  { id: 'engine', title: 'VMM engine', codes: ['NO_ENGINE'], hard: never, check: checkEngine },
  byPlan('launch', 'nothing else against the launch', [], () => 'the plan has no other problem'),
];
