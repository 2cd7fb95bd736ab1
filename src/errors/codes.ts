/**
 * Every code an error or a plan problem can carry. Codes are stable: scripts and management layers match on them.
 * The first block is about the command line itself; the second is the contract of `plan --format json`.
 */
export const PROBLEM_CODES = [
  'OPTION_UNKNOWN',
  'OPTION_ARGUMENT_MISSING',
  'OPTION_UNSUPPORTED',
  'SYNTAX',
  'VALUE_INVALID',
  'PROPERTY_UNKNOWN',
  'PROPERTY_MISSING',
  'ID_INVALID',
  'ID_DUPLICATE',
  'TYPE_UNKNOWN',
  'LINK_NOT_FOUND',
  'LINK_WRONG_TYPE',
  'CONFLICT',
  'FILE',
  'HOST_MODEL',
  'SYSTEM_CALL',
  'INTERNAL',

  'NO_IOMMU',
  'NOT_BOUND',
  'GROUP_NOT_VIABLE',
  'GROUP_SPLIT',
  'CDEV_MISSING',
  'IOMMUFD_MISSING',
  'TYPE1_MISSING',
  'PERMISSION',
  'BUSY',
  'NO_SUCH_DEVICE',
  'DUPLICATE_DEVICE',
  'FD_NOT_OPEN',
  'FD_WRONG_KIND',
  'FD_WRONG_DEVICE',
  'MEMLOCK_TOO_LOW',
  'DOUBLE_MAP',
  'IOVA_RESERVED',
  'MSI_NOT_ISOLATED',
  'VF_TOKEN_REQUIRED',
  'RMRR',
  'BACKEND_DISABLED',
  'KERNEL_TOO_OLD',
  'NO_ENGINE',
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];
