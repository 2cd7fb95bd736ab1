import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { missingNeeds, type ContractDevice, type ContractFixture } from '../../contract/fixture.ts';
import { contractCases } from '../../contract/suite.ts';
import { openVfioFiles } from '../lib/attach.ts';
import { bindTo, bindToVfio, cdevOf, groupOf, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { vmLck, vmPin } from '../lib/process-memory.ts';

/** e1000e and not the virtio cards: resetting an emulated virtio card hundreds of times can hang the whole guest. */
const { e1000e, eduB, sharedA, sharedB, mixedEdu, mixedRng } = readRoles();
const BOUND = [e1000e, eduB, sharedA, sharedB, mixedEdu];

for (const address of BOUND) bindToVfio(address);
bindTo(mixedRng, 'virtio-pci');

const device = (address: string): ContractDevice => {
  const cdevNode = cdevOf(address);
  return { address, groupNode: `/dev/vfio/${groupOf(address)}`, ...(cdevNode !== undefined && { cdevNode }) };
};

/** As root: the cases of RLIMIT_MEMLOCK need a process without CAP_IPC_LOCK and are covered by the program's tests. */
const fixture: ContractFixture = {
  kernel: createLinuxKernel(),
  release: release(),
  device: device(e1000e),
  other: device(eduB),
  siblings: [device(sharedA), device(sharedB)],
  blocked: device(mixedEdu),
  reservedIova: 0xfee0_0000n,
  hasIommufd: true,
  container: 'type1',
  canSetRlimitMode: true,
};

beforeAll(() => expect(contractCases.length).toBeGreaterThan(60));
afterAll(() => {
  for (const address of BOUND) restoreDriver(address);
});

describe(`contract on Linux ${fixture.release}`, () => {
  for (const contractCase of contractCases) {
    const missing = missingNeeds(contractCase, fixture);
    const name = missing.length === 0 ? contractCase.name : `${contractCase.name} (not here: no ${missing.join(', ')})`;
    it.skipIf(missing.length > 0)(name, async () => {
      await contractCase.run(fixture);
      expect(openVfioFiles()).toEqual([]);
      expect([vmPin(process.pid), vmLck(process.pid)]).toEqual([0, 0]);
    });
  }
});
