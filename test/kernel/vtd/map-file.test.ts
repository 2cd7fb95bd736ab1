import { release } from 'node:os';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { isKernelAtLeast } from '../../../src/host/kernel-release.ts';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import type { CallEvent } from '../../../src/kernel/trace.ts';
import { traced } from '../../../src/kernel/traced-kernel.ts';
import { attachHere, detachAll, deviceFd, guestRam } from '../lib/attach.ts';
import { vfioRegisters } from '../lib/device-registers.ts';
import { Edu } from '../lib/edu.ts';
import { bindToVfio, readRoles, restoreDriver } from '../lib/host-devices.ts';

const { eduA } = readRoles();
const kernel = createLinuxKernel();
const PAGE = 4096;
const AT = 0x10_0000;

beforeAll(() => bindToVfio(eduA));
afterEach(detachAll);
afterAll(() => restoreDriver(eduA));

const IOMMUFD = ['-object', 'iommufd,id=i', '-device', `vfio-pci,host=${eduA},iommufd=i`];
const MEMFD = ['-object', 'memory-backend-memfd,id=ram0,size=64M', '-machine', 'memory-backend=ram0'];
const HAS_MAP_FILE = isKernelAtLeast(release(), 6, 13);

const callsOf = async (args: readonly string[]): Promise<CallEvent[]> => {
  const events: CallEvent[] = [];
  const machine = await attachHere(
    traced(kernel, (event) => events.push(event)),
    args,
  );
  const ram = guestRam(machine);
  ram.fill(0x3c, AT, AT + PAGE);
  const edu = new Edu(vfioRegisters(kernel, deviceFd(machine)));
  await edu.copyIn(AT, PAGE);
  await edu.copyOut(AT + PAGE, PAGE);
  expect(ram.subarray(AT + PAGE, AT + 2 * PAGE).every((byte) => byte === 0x3c)).toBe(true);
  await machine.detach();
  return events;
};

const mapCalls = (events: readonly CallEvent[]): string[] =>
  events
    .filter(({ call }) => call.startsWith('IOMMU_IOAS_MAP'))
    .map(({ call, error }) => (error === undefined ? call : `${call}: ${error}`));

it(`memfd RAM is mapped by file ${HAS_MAP_FILE ? '' : 'where the kernel can, here by address '}(Linux ${release()})`, async () => {
  expect(mapCalls(await callsOf([...MEMFD, ...IOMMUFD]))).toEqual(
    HAS_MAP_FILE ? ['IOMMU_IOAS_MAP_FILE'] : ['IOMMU_IOAS_MAP_FILE: ENOTTY', 'IOMMU_IOAS_MAP'],
  );
});

it('anonymous RAM is mapped by address', async () => {
  expect(mapCalls(await callsOf(IOMMUFD))).toEqual(['IOMMU_IOAS_MAP']);
});

it('the page table tracks dirty pages where the hardware has that, and only there', async () => {
  const events = await callsOf(IOMMUFD);
  const field = (call: string, part: 'argument' | 'returned', name: string): unknown => {
    const data = events.find((event) => event.call === call)?.[part];
    return typeof data === 'object' ? data[name] : undefined;
  };
  const capabilities = field('IOMMU_GET_HW_INFO', 'returned', 'out_capabilities');
  const flags = field('IOMMU_HWPT_ALLOC', 'argument', 'flags');
  expect(typeof capabilities).toBe('bigint');
  expect(flags).toBe(capabilities !== 0n && typeof capabilities === 'bigint' && (capabilities & 1n) === 1n ? 2 : 0);
});
