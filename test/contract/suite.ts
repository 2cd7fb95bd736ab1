import { ATTACH_CASES } from './attach-cases.ts';
import { CDEV_CASES } from './cdev-cases.ts';
import { COMPAT_CASES } from './compat-cases.ts';
import { CONTAINER_CASES } from './container-cases.ts';
import { DEVICE_CASES } from './device-cases.ts';
import type { ContractCase } from './fixture.ts';
import { GROUP_CASES } from './group-cases.ts';
import { HWPT_CASES } from './hwpt-cases.ts';
import { IOAS_CASES } from './ioas-cases.ts';
import { IOAS_MAP_CASES } from './ioas-map-cases.ts';
import { MEMLOCK_CASES } from './memlock-cases.ts';
import { TYPE1_MAP_CASES } from './type1-map-cases.ts';

/**
 * What VFIO and iommufd promise to a process, as cases that any implementation of `Kernel` must pass. Each cleans up after itself.
 * They use no test runner, so that they run inside a test guest as well.
 */
export const contractCases: readonly ContractCase[] = [
  ...GROUP_CASES,
  ...CONTAINER_CASES,
  ...TYPE1_MAP_CASES,
  ...CDEV_CASES,
  ...ATTACH_CASES,
  ...IOAS_CASES,
  ...IOAS_MAP_CASES,
  ...HWPT_CASES,
  ...COMPAT_CASES,
  ...DEVICE_CASES,
  ...MEMLOCK_CASES,
];
