/**
 * The text forms in a host model: the pattern a value must match, and the words for it in an error. The JSON Schema takes the patterns
 * from here, and the messages find the words by pattern.
 */
export const TEXT_FORMS = {
  pciAddress: { pattern: '^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$', expected: 'a PCI address like 0000:01:00.0' },
  pciId: { pattern: '^[0-9a-f]{4}$', expected: 'four lower-case hexadecimal digits like 10de' },
  pciClass: { pattern: '^[0-9a-f]{6}$', expected: 'six lower-case hexadecimal digits like 030000' },
  iova: { pattern: '^0x[0-9a-f]{1,16}$', expected: 'a hexadecimal address like 0xfee00000' },
  iovaOrUnknown: { pattern: '^(0x[0-9a-f]{1,16}|unknown)$', expected: 'a hexadecimal address like 0xffffffffffff, or "unknown"' },
  size: { pattern: '^(0x[0-9a-f]{1,16}|[0-9]{1,20})$', expected: 'a size in bytes like 0x1000000' },
  limit: { pattern: '^([0-9]{1,20}|unlimited)$', expected: 'a number of bytes, or "unlimited"' },
  deviceNumber: { pattern: '^[0-9]{1,4}:[0-9]{1,7}$', expected: 'a device number like 10:196' },
  mode: { pattern: '^0[0-7]{3}$', expected: 'an octal mode like 0600' },
  capability: { pattern: '^CAP_[A-Z_]+$', expected: 'a capability like CAP_IPC_LOCK' },
  cdevName: { pattern: '^vfio[0-9]+$', expected: 'a cdev name like vfio0' },
  nodePath: { pattern: '^/dev/.', expected: 'a path under /dev' },
  moduleName: { pattern: '^[A-Za-z0-9][A-Za-z0-9_]*$', expected: 'a module name like vfio_pci' },
  driverName: { pattern: '^[A-Za-z0-9][A-Za-z0-9_. +-]*$', expected: 'a driver name like vfio-pci, or null' },
  fdNumber: { pattern: '^(0|[1-9][0-9]{0,8})$', expected: 'a file descriptor number like 22' },
  uuid: {
    pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
    expected: 'a lower-case UUID like 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
  },
  release: { pattern: '^[0-9]+\\.[0-9]+', expected: 'a kernel release like 6.12.95+deb13-amd64' },
  text: { pattern: '.', expected: 'a string that is not empty' },
} as const;

export type TextForm = keyof typeof TEXT_FORMS;

const EXPECTED = new Map<string, string>(Object.values(TEXT_FORMS).map(({ pattern, expected }) => [pattern, expected]));

/** What a pattern of the schema asks for, in words; a pattern that is not in the table stands for itself. */
export const expectedByPattern = (pattern: string): string => EXPECTED.get(pattern) ?? `text that matches ${pattern}`;
