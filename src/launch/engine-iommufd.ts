import { closeSync, openSync, readSync } from 'node:fs';
import { failure } from '../errors/problem.ts';
import type { Plan } from '../plan/plan.ts';
import type { Engine } from './find-engine.ts';

/** The name of QEMU's object type, and of functions of it: what has it somewhere in the file. */
const NAME = Buffer.from('iommufd');
const ELF = Buffer.from('\x7FELF', 'latin1');
const CHUNK_BYTES = 1 << 20;

const contains = (fd: number): boolean | 'unknown' => {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let offset = 0; ; offset += chunk.length - NAME.length) {
    const length = readSync(fd, chunk, 0, chunk.length, offset);
    const bytes = chunk.subarray(0, length);
    if (offset === 0 && !bytes.subarray(0, ELF.length).equals(ELF)) return 'unknown';
    if (bytes.includes(NAME)) return true;
    if (length < chunk.length) return false;
  }
};

/**
 * Whether an engine can know iommufd: QEMU before 9.0 does not have the name anywhere in its program. Asking the program itself would take
 * longer than all the rest of a launch. `unknown` for a script or what cannot be read.
 */
export const knowsIommufd = ({ path }: Engine): boolean | 'unknown' => {
  try {
    const fd = openSync(path, 'r');
    try {
      return contains(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    return 'unknown';
  }
};

/** @throws NO_ENGINE when something of the launch needs iommufd and the engine is too old for it */
export const checkEngineIommufd = (engine: Engine, plan: Pick<Plan, 'objects'>): void => {
  const user = plan.objects.find(({ iommufd }) => iommufd !== undefined);
  if (user === undefined || knowsIommufd(engine) !== false) return;
  throw failure('NO_ENGINE', `${engine.path} has no iommufd`, {
    subject: user.path,
    cause: 'QEMU has iommufd from version 9.0 on; nothing in this program has the name',
    fixes: ['use QEMU 9.0 or later: --qemu PATH', 'attach through type1: leave iommufd= and the object out'],
  });
};
