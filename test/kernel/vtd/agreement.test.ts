import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, closeSync, openSync, rmSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { BareMachine } from '../../../src/machine/bare-machine.ts';
import { launchSteps } from '../../../src/plan/launch-steps.ts';
import { HostIndex } from '../../../src/plan/host-index.ts';
import { checkReservedRanges } from '../../../src/plan/machine-checks.ts';
import { expectAgreedLaunch, expectAgreedRefusal, refusal } from '../lib/agreement.ts';
import { detachAll, openVfioFiles, planHere } from '../lib/attach.ts';
import { bindTo, bindToVfio, cdevOf, groupOf, readRoles, restoreDriver, unbind } from '../lib/host-devices.ts';
import { makeNode } from '../lib/nodes.ts';
import { vmLck } from '../lib/process-memory.ts';
import { runProgram, startProgram } from '../lib/program.ts';

const { eduA, eduB, eduSpare, mixedEdu, mixedRng, sharedA, sharedB, flrA } = readRoles();
const BOUND = [eduA, eduB, mixedEdu, sharedA, sharedB, flrA];
const NOBODY = 65534;
const kernel = createLinuxKernel();

const BACKENDS = [
  { backend: 'iommufd', objects: ['-object', 'iommufd,id=i'], link: ',iommufd=i' },
  { backend: 'type1', objects: [], link: '' },
  { backend: 'iommufd-compat', objects: ['-object', 'iommufd,id=i,compat=type1v2'], link: ',iommufd=i' },
] as const;

const launch = ({ objects, link }: (typeof BACKENDS)[number], ...addresses: readonly string[]): string[] => [
  ...objects,
  ...addresses.flatMap((address) => ['-device', `vfio-pci,host=${address}${link}`]),
];

const [BY_CDEV, BY_TYPE1] = BACKENDS;

beforeAll(() => BOUND.forEach(bindToVfio));
afterAll(() => {
  BOUND.forEach(restoreDriver);
  bindTo(mixedRng, 'virtio-pci');
});

const holders = new Set<ChildProcess>();
const end = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    holders.delete(child);
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
afterEach(async () => {
  await detachAll();
  await Promise.all([...holders].map(end));
  expect(openVfioFiles()).toEqual([]);
});

/** Another process with these files open. */
const holdOpen = async (...nodes: readonly string[]): Promise<ChildProcess> => {
  const fds = nodes.map((node) => openSync(node, 'r+'));
  const child = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', ...fds] });
  await new Promise<void>((resolve) => child.once('spawn', () => resolve()));
  for (const fd of fds) closeSync(fd);
  holders.add(child);
  return child;
};

/** Runs with the effective ids of nobody, and so without capabilities. */
const asNobody = async (body: () => Promise<void>): Promise<void> => {
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    await body();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
};

const withoutNode = async (node: string, body: () => Promise<void>): Promise<void> => {
  const { rdev: device, mode } = statSync(node);
  rmSync(node);
  try {
    await body();
  } finally {
    makeNode(node, device);
    chmodSync(node, mode & 0o777);
  }
};

describe.each(BACKENDS)('plan and kernel refuse alike through $backend', (backend) => {
  it('a group with a host driver', async () => {
    bindTo(mixedRng, 'virtio-pci');
    const guilty = `${mixedRng}, which is bound to virtio-pci`;
    await expectAgreedRefusal(kernel, { args: launch(backend, mixedEdu), code: 'GROUP_NOT_VIABLE', guilty });
    unbind(mixedRng);
    await expectAgreedLaunch(kernel, launch(backend, mixedEdu));
  });

  it('a device that is not bound', async () => {
    await expectAgreedRefusal(kernel, { args: launch(backend, eduSpare), code: 'NOT_BOUND', guilty: eduSpare });
  });

  it('a group that a process holds', async () => {
    const holder = await holdOpen(`/dev/vfio/${groupOf(eduA)}`);
    await expectAgreedRefusal(kernel, { args: launch(backend, eduA), code: 'BUSY', guilty: `process ${holder.pid} (sleep)` });
    await end(holder);
    await expectAgreedLaunch(kernel, launch(backend, eduA));
  });

  it('a node that only root may open', async () => {
    const node = backend.backend === 'type1' ? `/dev/vfio/${groupOf(eduA)}` : '/dev/iommu';
    const others = [`/dev/vfio/${groupOf(eduA)}`, cdevOf(eduA) ?? '', '/dev/iommu'].filter((other) => other !== node);
    for (const other of others) chownSync(other, NOBODY, NOBODY);
    const unlimited = ['--pid', String(process.pid), '--memlock=unlimited'];
    execFileSync('prlimit', unlimited);
    try {
      await asNobody(() =>
        expectAgreedRefusal(kernel, { args: launch(backend, eduA), code: 'PERMISSION', guilty: `${node}: mode 0` }),
      );
    } finally {
      for (const other of others) chownSync(other, 0, 0);
    }
  });

  it('a limit on locked memory', async () => {
    const nodes = [`/dev/vfio/${groupOf(eduA)}`, cdevOf(eduA) ?? '', '/dev/iommu'];
    for (const node of nodes) chownSync(node, NOBODY, NOBODY);
    execFileSync('prlimit', ['--pid', String(process.pid), '--memlock=33554432:unlimited']);
    try {
      await asNobody(() =>
        expectAgreedRefusal(kernel, { args: launch(backend, eduA), code: 'MEMLOCK_TOO_LOW', guilty: '64 MiB of guest RAM' }),
      );
      execFileSync('prlimit', ['--pid', String(process.pid), '--memlock=67108864:unlimited']);
      await asNobody(() => expectAgreedLaunch(kernel, launch(backend, eduA)));
    } finally {
      execFileSync('prlimit', ['--pid', String(process.pid), '--memlock=unlimited']);
      for (const node of nodes) chownSync(node, 0, 0);
    }
  });
});

describe('plan and kernel refuse alike', () => {
  it('a cdev node that is not there', async () => {
    const node = cdevOf(eduA) ?? '';
    await withoutNode(node, () =>
      expectAgreedRefusal(kernel, { args: launch(BY_CDEV, eduA), code: 'CDEV_MISSING', guilty: `the node ${node} is not there` }),
    );
    await expectAgreedLaunch(kernel, launch(BY_CDEV, eduA));
  });

  it('no /dev/iommu', async () => {
    await withoutNode('/dev/iommu', () =>
      expectAgreedRefusal(kernel, { args: launch(BY_CDEV, eduA), code: 'IOMMUFD_MISSING', guilty: '/dev/iommu is not there' }),
    );
    await expectAgreedLaunch(kernel, launch(BY_CDEV, eduA));
  });

  it('no /dev/vfio/vfio', async () => {
    await withoutNode('/dev/vfio/vfio', () =>
      expectAgreedRefusal(kernel, { args: launch(BY_TYPE1, eduA), code: 'TYPE1_MISSING', guilty: '/dev/vfio/vfio is missing' }),
    );
    await expectAgreedLaunch(kernel, launch(BY_TYPE1, eduA));
  });

  it('a cdev that another process may have bound is not held against a launch while it has no iommufd', async () => {
    await holdOpen(cdevOf(eduA) ?? '');
    await expectAgreedLaunch(kernel, launch(BY_CDEV, eduA));
    await expectAgreedLaunch(kernel, launch(BY_TYPE1, eduA));
  });

  it.each(BACKENDS)('guest RAM over the MSI window ($backend)', async (backend) => {
    const { plan, host } = planHere(launch(backend, eduA));
    const sections = [{ iova: 0xfee0_0000n, size: 0x10_0000n, block: plan.ram.id, offset: 0n }];
    const spaces = plan.spaces.map((space) => ({ ...space, sections }));
    const [said] = checkReservedRanges(spaces, plan.devices, new HostIndex(host.facts));
    expect(said).toMatchObject({ code: 'IOVA_RESERVED', severity: 'error' });
    expect(said?.cause).toContain('over the reserved range 0xfee00000-0xfeefffff (msi)');
    const steps = launchSteps(plan.request, plan.devices, spaces);
    const met = await refusal(BareMachine.attach({ ...plan, steps }, kernel, host.reread));
    expect(met).toMatchObject({ code: 'IOVA_RESERVED' });
    expect(met.cause).toContain('0xfee00000-0xfeefffff');
    await expectAgreedLaunch(kernel, launch(backend, eduA));
  });
});

describe.each(BACKENDS)('no false alarm through $backend:', (backend) => {
  it.each([
    ['one device', [eduA]],
    ['devices of two groups', [eduA, eduB]],
    ['both devices of one group behind a bridge', [sharedA, sharedB]],
    ['one of them alone', [sharedB]],
    ['a device with a reset of its own', [flrA]],
    ['all kinds together', [eduA, sharedA, sharedB, flrA]],
  ])('%s', async (_what, addresses) => {
    await expectAgreedLaunch(kernel, launch(backend, ...addresses));
  });
});

it('no false alarm through two backends and two iommufds at once', async () => {
  const args = ['-object', 'iommufd,id=i', '-object', 'iommufd,id=j', '-device', `vfio-pci,host=${eduA},iommufd=i`];
  await expectAgreedLaunch(kernel, [...args, '-device', `vfio-pci,host=${eduB},iommufd=j`, '-device', `vfio-pci,host=${flrA}`]);
});

describe('a limit of one VM for each process, with CAP_SYS_RESOURCE and without CAP_IPC_LOCK', () => {
  const UNLOCKED = ['setpriv', '--bounding-set=-ipc_lock', '--inh-caps=-ipc_lock', '--'];

  it('two launches of one user do not share a budget', async () => {
    const wrapper = ['prlimit', '--memlock=100663296', ...UNLOCKED];
    const first = startProgram(['-m', '64M', ...launch(BY_CDEV, eduA)], { wrapper });
    await first.printed('1 device attached');
    expect(vmLck(first.pid)).toBe(64 * 1024 * 1024);
    const second = await runProgram(['--check', '-m', '64M', ...launch(BY_CDEV, eduB)], { wrapper });
    expect(second).toMatchObject({ status: 0, stderr: '' });
    first.child.kill('SIGTERM');
    expect((await first.ended).status).toBe(0);
  });
});
