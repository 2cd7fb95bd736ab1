import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPopulated, populateLanes, populateStep } from '../../src/backends/populate-ram.ts';
import type { RamBlock } from '../../src/backends/ram.ts';
import { Session } from '../../src/backends/session.ts';
import { ramSlot } from '../../src/backends/slots.ts';
import { errnoNumber } from '../../src/kernel/errno.ts';
import { SystemCallError } from '../../src/kernel/system-call-error.ts';
import { fakeKernel } from '../kernel-api/fake-kernel.ts';

const MIB = 2n ** 20n;
const ADDRESS = 0x7f00_0000_0000n;

const block = (size: bigint, kind: RamBlock['kind'] = 'anonymous'): RamBlock => ({
  id: 'm',
  path: '/objects/m',
  size,
  kind,
  shared: false,
  reserved: true,
  hugePages: undefined,
  file: undefined,
});

interface Call {
  readonly address: bigint;
  readonly length: bigint;
}

/** Runs the step on memory of this size. @param populate stands in for the kernel's; gets the number of the call, from 1 on */
const run = async (size: bigint, processors: number, populate: (call: number, session: Session) => Promise<void>) => {
  const calls: Call[] = [];
  let underWay = 0;
  let most = 0;
  const kernel = fakeKernel({
    processors,
    populate: async (address, length) => {
      calls.push({ address, length });
      underWay += 1;
      most = Math.max(most, underWay);
      try {
        await populate(calls.length, session);
      } finally {
        underWay -= 1;
      }
    },
  });
  const session = new Session(kernel);
  session.put(ramSlot('m'), { address: ADDRESS, size, file: undefined, fileOffset: 0n, mapsByFile: false });
  await populateStep(block(size)).run(session);
  return { calls, most };
};

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const refuse = (errno: 'EINVAL' | 'EFAULT' | 'ENOMEM') => async (): Promise<void> => {
  await nextTurn();
  throw new SystemCallError('madvise', errnoNumber(errno), 'memory');
};

describe('populateStep', () => {
  test('makes every page once, on no more threads than there are processors', async () => {
    const pages = fc.bigInt({ min: 1n, max: (700n * MIB) / 4096n });
    await fc.assert(
      fc.asyncProperty(pages, fc.integer({ min: 1, max: 64 }), async (count, processors) => {
        const size = count * 4096n;
        const { calls, most } = await run(size, processors, nextTurn);
        const end = calls.reduce((reached, { address, length }) => (address === reached ? reached + length : -1n), ADDRESS);
        expect(end).toBe(ADDRESS + size);
        expect(most).toBe(populateLanes(size, processors));
        expect(most).toBeLessThanOrEqual(Math.min(processors, 16));
      }),
      { numRuns: 30 },
    );
  });

  test.each(['EINVAL', 'EFAULT', 'ENOMEM'] as const)('leaves it to the call that pins when the kernel says %s', async (errno) => {
    const { calls } = await run(1024n * MIB, 2, refuse(errno));
    expect(calls).toHaveLength(2);
  });

  test('waits for what is under way when one call fails', async () => {
    let ended = 0;
    const { calls } = await run(1024n * MIB, 4, async (call) => {
      await (call === 1 ? refuse('ENOMEM')() : nextTurn().then(nextTurn));
      ended += 1;
    });
    expect(ended).toBe(calls.length - 1);
  });

  test('starts nothing more when the launch is being undone', async () => {
    const { calls } = await run(1024n * MIB, 2, async (call, session) => {
      await nextTurn();
      if (call === 3) session.stop();
    });
    expect(calls.length).toBeLessThanOrEqual(4);
  });

  test('does not hide a defect', async () => {
    await expect(run(MIB, 1, () => Promise.reject(new TypeError('defect')))).rejects.toThrow('defect');
  });
});

test.each([
  ['anonymous', true],
  ['memfd', true],
  ['file', false],
] as const)('isPopulated: %s %s', (kind, answer) => {
  expect(isPopulated(block(MIB, kind))).toBe(answer);
});
