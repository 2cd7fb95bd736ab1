import type { HostModel, IommuFacts } from '../host/model.ts';
import type { ProbedBackend } from '../preflight/probe-kernel.ts';

const WIDTH = 15;

const row = (left: string, right: string): string => `${left.padEnd(WIDTH)} ${right}`;

/** `true` needs no word; what is absent is said with "no". */
const factText = ([name, value]: [string, string | boolean]): string =>
  typeof value === 'boolean' ? (value ? name : `no ${name}`) : `${name} ${value}`;

const backendLines = ({ backend, node, refusal, facts }: ProbedBackend): string[] => {
  const known = Object.entries(facts).map(factText);
  return [
    row(backend, refusal === undefined ? `offered (${node})` : `not offered: ${refusal}`),
    ...(known.length === 0 ? [] : [row('', known.join(', '))]),
  ];
};

const known = (value: boolean | 'unknown', yes: string, no: string, what: string): string =>
  value === 'unknown' ? `${what} unknown` : value ? yes : no;

const iommuLine = ({ name, type, lastIova, isolatedMsi, dirtyTracking, enforcesCoherency }: IommuFacts): string =>
  row(
    `iommu ${name}`,
    [
      type,
      `translates up to ${lastIova}`,
      known(isolatedMsi, 'isolates interrupts', 'does not isolate interrupts', 'interrupt isolation'),
      known(dirtyTracking, 'tracks dirty pages', 'no dirty tracking', 'dirty tracking'),
      known(enforcesCoherency, 'enforces coherency', 'does not enforce coherency', 'coherency'),
    ].join(', '),
  );

/** What the kernel offers, a line or two for each thing. */
export const probeText = (
  { kernel, modules, iommus, process: { memlock } }: HostModel,
  backends: readonly ProbedBackend[],
): string => {
  const unsafe = ['vfio_iommu_type1', 'iommufd'].flatMap((module) => {
    const value = modules[module]?.parameters?.['allow_unsafe_interrupts'];
    return value === undefined ? [] : [`${module} ${value}`];
  });
  return [
    row('kernel', kernel.release),
    ...backends.flatMap(backendLines),
    row('cdevs', known(kernel.vfioCdev, 'made by this kernel', 'not made by this kernel', 'whether this kernel makes them:')),
    row(
      'unsafe MSI',
      unsafe.length === 0 ? 'no module that could allow it is loaded' : `allow_unsafe_interrupts: ${unsafe.join(', ')}`,
    ),
    ...(iommus.length === 0 ? [row('iommu', 'none')] : iommus.map(iommuLine)),
    row('memlock', `soft ${memlock.soft}, hard ${memlock.hard} (bytes)`),
  ].join('\n');
};
