import { failure } from '../errors/problem.ts';
import { isPciAddress } from '../host/read-pci-device.ts';
import { TEXT_FORMS } from '../host/patterns.ts';
import type { UndoRecord } from './undo-record.ts';

const SCHEMA = 'vmattach.bind-undo/1';

const DRIVER_NAME = new RegExp(TEXT_FORMS.driverName.pattern);

/** Names go into paths of sysfs. */
export const isDriverName = (text: unknown): text is string => typeof text === 'string' && DRIVER_NAME.test(text);

const isDriverOrNull = (value: unknown): value is string | null => value === null || isDriverName(value);

const isRecord = (value: unknown): value is UndoRecord =>
  typeof value === 'object' &&
  value !== null &&
  'address' in value &&
  'driver' in value &&
  'driverOverride' in value &&
  'boundTo' in value &&
  typeof value.address === 'string' &&
  isPciAddress(value.address) &&
  isDriverOrNull(value.driver) &&
  isDriverOrNull(value.driverOverride) &&
  isDriverName(value.boundTo);

interface UndoFile {
  readonly boot: string;
  readonly devices: readonly UndoRecord[];
}

const isUndoFile = (value: unknown): value is UndoFile =>
  typeof value === 'object' &&
  value !== null &&
  'schema' in value &&
  'boot' in value &&
  'devices' in value &&
  value.schema === SCHEMA &&
  typeof value.boot === 'string' &&
  Array.isArray(value.devices) &&
  value.devices.every(isRecord);

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export const formatUndoFile = (records: readonly UndoRecord[], boot: string): string =>
  `${JSON.stringify({ schema: SCHEMA, boot, devices: records }, undefined, 2)}\n`;

/**
 * The records in an undo file; none when another boot has saved them.
 * @throws FILE when it is no undo file: it is neither used nor replaced
 */
export const parseUndoFile = (text: string, file: string, boot: string): readonly UndoRecord[] => {
  const content = parseJson(text);
  if (!isUndoFile(content)) {
    throw failure('FILE', `'${file}' is not an undo file`, {
      subject: file,
      cause: `it does not hold what vmattach bind writes (${SCHEMA})`,
      fixes: [`rm ${file}, and vmattach unbind lets the kernel choose the drivers`],
    });
  }
  return content.boot === boot ? content.devices : [];
};
