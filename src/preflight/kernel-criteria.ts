import type { BackendName } from '../backends/address-space.ts';
import { isKernelAtLeast } from '../host/kernel-release.ts';
import type { HostModel, ModuleFacts } from '../host/model.ts';
import { isVfioBound } from '../host/query.ts';
import * as remedies from '../plan/remedies.ts';
import { fails, never, ok, unknown, withoutLaunch, type Criterion, type Finding, type Subject } from './criterion.ts';

const isLoaded = (modules: Readonly<Record<string, ModuleFacts>>, name: string): boolean => Object.hasOwn(modules, name);

/** Whether the launch, if there is one, has devices of this backend. */
const concerns = ({ plan }: Subject, ...backends: readonly BackendName[]): boolean =>
  plan === undefined || plan.entries.some(({ selection }) => selection !== undefined && backends.includes(selection.backend));

const checkVfioPci = ({ model, plan }: Subject): Finding | undefined => {
  if (plan !== undefined) {
    return undefined;
  }
  const bound = model.devices.filter(isVfioBound).length;
  if (isLoaded(model.modules, 'vfio_pci') || bound > 0) {
    return ok(`${bound} of ${model.devices.length} devices are bound to vfio`);
  }
  return fails({ cause: 'no VFIO driver for PCI devices is loaded', fixes: ['modprobe vfio-pci'] });
};

const CONTAINERS: Readonly<Record<Exclude<HostModel['kernel']['container'], 'none' | 'unknown'>, string>> = {
  type1: 'the type1 container serves /dev/vfio/vfio',
  iommufd: 'the compatibility layer of iommufd serves /dev/vfio/vfio',
};

const checkType1 = (subject: Subject): Finding | undefined => {
  const { kernel } = subject.model;
  if (!concerns(subject, 'type1')) {
    return undefined;
  }
  switch (kernel.container) {
    case 'type1':
    case 'iommufd':
      return ok(CONTAINERS[kernel.container]);
    case 'none':
      return fails(remedies.noType1(kernel));
    case 'unknown':
      return unknown(`nothing says what serves /dev/vfio/vfio on kernel ${kernel.release}`);
  }
};

const checkIommufd = (subject: Subject): Finding | undefined => {
  const { kernel } = subject.model;
  if (!concerns(subject, 'iommufd', 'iommufd-compat')) {
    return undefined;
  }
  switch (kernel.iommufd) {
    case true:
      return ok('this kernel has it');
    case false:
      return fails(remedies.noIommufd(kernel));
    case 'unknown':
      return unknown(`neither /dev/iommu nor the configuration of kernel ${kernel.release} is here to tell`);
  }
};

/** Without iommufd there are none, and that has been said. */
const checkCdevs = (subject: Subject): Finding | undefined => {
  const { kernel } = subject.model;
  if (kernel.iommufd === false || !concerns(subject, 'iommufd')) {
    return undefined;
  }
  switch (kernel.vfioCdev) {
    case true:
      return ok('this kernel makes them');
    case false:
      return fails(remedies.noCdev(kernel));
    case 'unknown':
      return unknown(`VFIO is not loaded and the configuration of kernel ${kernel.release} is not here to tell`);
  }
};

/** From 6.6 on there are iommufd and cdevs; type1 is older than anything that still runs. */
const checkVersion = ({ model: { kernel } }: Subject): Finding => {
  if (isKernelAtLeast(kernel.release, 6, 6)) {
    return ok(`${kernel.release} is recent enough for both backends`);
  }
  return fails({
    cause: `kernel ${kernel.release} can attach devices through type1 only: iommufd takes devices from Linux 6.6 on`,
    fixes: ['use Linux 6.6 or later', 'attach through type1: leave iommufd= out'],
  });
};

/** What the kernel offers. */
export const KERNEL_CRITERIA: readonly Criterion[] = [
  { id: 'vfio-pci', title: 'VFIO driver loaded', codes: [], hard: withoutLaunch, check: checkVfioPci },
  { id: 'type1', title: 'type1 container', codes: ['TYPE1_MISSING'], hard: withoutLaunch, check: checkType1 },
  { id: 'iommufd', title: 'iommufd', codes: ['IOMMUFD_MISSING'], hard: never, check: checkIommufd },
  { id: 'cdev', title: 'VFIO cdevs', codes: ['CDEV_MISSING'], hard: never, check: checkCdevs },
  { id: 'kernel', title: 'kernel version', codes: ['KERNEL_TOO_OLD'], hard: never, check: checkVersion },
];
