import { existsSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../../src/errors/codes.ts';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { expectAgreedLaunch, refusal } from '../lib/agreement.ts';
import { attachAnyway, attachHere, detachAll, openVfioFiles, planHere } from '../lib/attach.ts';
import { bindToVfio, readRoles, restoreDriver } from '../lib/host-devices.ts';

const { eduA, igb } = readRoles();
const kernel = createLinuxKernel();
const PHYSICAL = `/sys/bus/pci/devices/${igb}`;
const ENABLE = '/sys/module/vfio_pci/parameters/enable_sriov';
const TOKEN = '5b4c0b5a-6ef9-4b6c-a5b0-1b3e3c6d7f10';
const OTHER_TOKEN = '00112233-4455-6677-8899-aabbccddeeff';

const BACKENDS = [
  { backend: 'type1', objects: [], link: '' },
  { backend: 'iommufd', objects: ['-object', 'iommufd,id=i'], link: ',iommufd=i' },
  { backend: 'iommufd-compat', objects: ['-object', 'iommufd,id=i,compat=type1v2'], link: ',iommufd=i' },
] as const;

let virtual = '';

/** The physical function is on vfio-pci, which is allowed to make virtual functions. */
beforeAll(() => {
  bindToVfio(eduA);
  bindToVfio(igb);
  writeFileSync(ENABLE, 'Y');
  writeFileSync(`${PHYSICAL}/sriov_numvfs`, '1');
  expect(existsSync(`${PHYSICAL}/virtfn0`)).toBe(true);
  virtual = basename(readlinkSync(`${PHYSICAL}/virtfn0`));
  bindToVfio(virtual);
});
afterAll(() => {
  restoreDriver(virtual);
  writeFileSync(`${PHYSICAL}/sriov_numvfs`, '0');
  writeFileSync(ENABLE, 'N');
  restoreDriver(igb);
  restoreDriver(eduA);
});
afterEach(async () => {
  await detachAll();
  expect(openVfioFiles()).toEqual([]);
});

describe.each(BACKENDS)('virtual functions of a physical function on vfio-pci, through $backend', ({ objects, link }) => {
  const launch = (...devices: readonly (readonly [address: string, token?: string])[]): string[] => [
    ...objects,
    ...devices.flatMap(([address, token]) => [
      '-device',
      `vfio-pci,host=${address}${token === undefined ? '' : `,vf-token=${token}`}${link}`,
    ]),
  ];

  const expectRefusal = async (args: readonly string[], code: ProblemCode, met: ProblemCode = code): Promise<void> => {
    const planned = planHere(args).plan.problems.filter(({ severity }) => severity === 'error');
    expect(planned.map((problem) => problem.code)).toEqual([code]);
    expect(await refusal(attachAnyway(kernel, args))).toMatchObject({ code: met });
    expect(openVfioFiles()).toEqual([]);
  };

  it('a virtual function without a token is refused, by both for that reason', () =>
    expectRefusal(launch([virtual]), 'VF_TOKEN_REQUIRED'));

  it('with the token of the physical function, which the same VM holds, it works', () =>
    expectAgreedLaunch(kernel, launch([igb, TOKEN], [virtual, TOKEN])));

  it('with the token that another launch gave the physical function, it works', async () => {
    const holder = await attachHere(kernel, launch([igb, TOKEN]));
    const machine = await attachHere(kernel, launch([virtual, TOKEN]));
    await machine.detach();
    await holder.detach();
  });

  it('with another token the kernel refuses: which one is right, no plan can know', async () => {
    const holder = await attachHere(kernel, launch([igb, TOKEN]));
    const args = launch([virtual, OTHER_TOKEN]);
    expect(planHere(args).plan.problems).toEqual([]);
    expect(await refusal(attachHere(kernel, args))).toMatchObject({ code: 'VF_TOKEN_REQUIRED' });
    await holder.detach();
  });

  it('a token for a device that takes none is refused by both', () =>
    expectRefusal(launch([eduA, TOKEN]), 'CONFLICT', 'SYSTEM_CALL'));
});
