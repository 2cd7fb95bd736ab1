import { failure, VmattachError } from '../errors/problem.ts';
import type { HostModel } from '../host/model.ts';
import type { BindingWrite, SysfsWrite } from './binding-plan.ts';
import { bindWrite } from './device-writes.ts';
import { explainRefusal } from './refused-write.ts';
import type { SysfsAccess } from './sysfs-access.ts';

const stateAfter = (write: SysfsWrite, sysfs: SysfsAccess): string | null =>
  write.kind === 'override' ? sysfs.override(write.address) : sysfs.driver(write.address);

const hasEffect = (write: SysfsWrite, sysfs: SysfsAccess): boolean =>
  write.expected === undefined || stateAfter(write, sysfs) === write.expected;

const withoutEffect = ({ address, path, value, expected }: SysfsWrite, found: string | null) =>
  failure('SYSTEM_CALL', `'${value}' was written to '${path}' without effect`, {
    subject: address,
    location: address,
    cause: `${found ?? 'none'} is found there instead of ${expected ?? 'none'}`,
    fixes: ['dmesg | tail'],
  });

/**
 * Does one write and looks whether it had its effect. drivers_probe succeeds whatever the probe returns; the driver is then asked
 * directly, which fails with the reason.
 */
const perform = async (write: SysfsWrite, sysfs: SysfsAccess): Promise<void> => {
  await sysfs.write(write.path, write.value);
  if (hasEffect(write, sysfs)) return;
  if (write.kind === 'probe' && write.expected) {
    const { path, value } = bindWrite(write.address, write.expected);
    await sysfs.write(path, value);
  }
  if (!hasEffect(write, sysfs)) throw withoutEffect(write, stateAfter(write, sysfs));
};

/** Takes writes back, last first. @returns those that could not be taken back */
const takeBack = async (done: readonly BindingWrite[], sysfs: SysfsAccess): Promise<readonly SysfsWrite[]> => {
  const left: SysfsWrite[] = [];
  for (const write of done.toReversed().flatMap(({ undo }) => undo)) {
    const isThere = write.expected !== undefined && hasEffect(write, sysfs);
    if (isThere) continue;
    try {
      await perform(write, sysfs);
    } catch {
      left.push(write);
    }
  }
  return left;
};

/** The line for a shell that does the write. */
export const shellLine = ({ value, path }: SysfsWrite): string => (value === '' ? `echo > ${path}` : `echo ${value} > ${path}`);

const withLeftovers = (error: VmattachError, left: readonly SysfsWrite[]): VmattachError =>
  left.length === 0
    ? error
    : new VmattachError(
        {
          ...error.problem,
          cause: `${error.problem.cause ?? ''}; and not everything could be taken back`,
          fixes: [...(error.problem.fixes ?? []), ...left.map(shellLine)],
        },
        { cause: error },
      );

/**
 * Does the writes in their order and checks each. When one fails or the signal comes, all are taken back.
 * @throws NOT_BOUND, NO_IOMMU, BUSY, PERMISSION, NO_SUCH_DEVICE, SYSTEM_CALL; the reason of the signal
 */
export const runWrites = async (
  writes: readonly BindingWrite[],
  sysfs: SysfsAccess,
  host: HostModel,
  signal?: AbortSignal,
): Promise<void> => {
  const done: BindingWrite[] = [];
  for (const write of writes) {
    if (signal?.aborted === true) {
      const left = await takeBack(done, sysfs);
      throw left.length === 0 ? signal.reason : withLeftovers(interrupted(write), left);
    }
    done.push(write);
    try {
      await perform(write, sysfs);
    } catch (error) {
      const problem = error instanceof VmattachError ? error : explainRefusal(write, error, host);
      throw withLeftovers(problem, await takeBack(done, sysfs));
    }
  }
};

const interrupted = ({ address }: SysfsWrite) =>
  failure('SYSTEM_CALL', 'interrupted by a signal', {
    subject: address,
    location: address,
    cause: 'a signal came between two writes',
  });
