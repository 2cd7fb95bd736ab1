import type { Kernel } from '../../src/kernel/kernel.ts';
import { isKernelAtLeast } from '../../src/host/kernel-release.ts';

/** A PCI device that is bound to vfio-pci and that nobody uses. */
export interface ContractDevice {
  readonly address: string;
  readonly groupNode: string;
  /** Undefined on a kernel without CONFIG_VFIO_DEVICE_CDEV. */
  readonly cdevNode?: string;
}

/** What the cases run on: a simulated kernel, or a real one inside a test guest. */
export interface ContractFixture {
  readonly kernel: Kernel;
  /** As `uname -r`, for behaviour that is documented to differ between releases. */
  readonly release: string;
  /** Alone in its group, which is viable; its IOMMU isolates MSIs; it can be reset. */
  readonly device: ContractDevice;
  /** Another such device, behind the same kind of IOMMU. */
  readonly other?: ContractDevice;
  /** Two devices of one group, both bound to vfio-pci. */
  readonly siblings?: readonly [ContractDevice, ContractDevice];
  /** A device whose group has a member with a host driver. */
  readonly blocked?: ContractDevice;
  /** A page-aligned IOVA in a reserved range of `device`, such as the MSI window of x86. */
  readonly reservedIova: bigint;
  readonly hasIommufd: boolean;
  /** What /dev/vfio/vfio is. */
  readonly container: 'type1' | 'iommufd';
  /** RLIMIT_MEMLOCK in bytes if it is enforced: the process has no CAP_IPC_LOCK. */
  readonly memlockLimit?: bigint;
  /** The process has CAP_SYS_RESOURCE. */
  readonly canSetRlimitMode: boolean;
}

export type ContractNeed =
  | 'type1'
  | 'iommufd'
  | 'cdev'
  | 'other'
  | 'siblings'
  | 'blocked'
  | 'map-file'
  | 'memlock'
  | 'rlimit-mode'
  | 'other cdev'
  | 'sibling cdevs';

export interface ContractCase {
  readonly name: string;
  readonly needs: readonly ContractNeed[];
  run(fixture: ContractFixture): void | Promise<void>;
}

const hasNeed = (fixture: ContractFixture, need: ContractNeed): boolean => {
  switch (need) {
    case 'type1':
      return fixture.container === 'type1';
    case 'iommufd':
      return fixture.hasIommufd;
    case 'cdev':
      return fixture.hasIommufd && fixture.device.cdevNode !== undefined;
    case 'other':
      return fixture.other !== undefined;
    case 'other cdev':
      return fixture.other?.cdevNode !== undefined;
    case 'siblings':
      return fixture.siblings !== undefined;
    case 'sibling cdevs':
      return fixture.siblings?.every(({ cdevNode }) => cdevNode !== undefined) ?? false;
    case 'blocked':
      return fixture.blocked !== undefined;
    case 'map-file':
      return fixture.hasIommufd && isKernelAtLeast(fixture.release, 6, 13);
    case 'memlock':
      return fixture.memlockLimit !== undefined;
    case 'rlimit-mode':
      return fixture.hasIommufd && fixture.canSetRlimitMode;
  }
};

/** What a case needs and this fixture does not have; a case with anything here is to be skipped. */
export const missingNeeds = (contractCase: ContractCase, fixture: ContractFixture): readonly ContractNeed[] =>
  contractCase.needs.filter((need) => !hasNeed(fixture, need));
