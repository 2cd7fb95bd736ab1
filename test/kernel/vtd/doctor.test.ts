import { chownSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindToVfio, cdevOf, groupOf, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { runProgram, startProgram } from '../lib/program.ts';
import { runSubcommand } from '../lib/subcommand.ts';

const { eduA, eduB, sharedA, sharedB, mixedEdu, flrA, igb } = readRoles();

const BOUND = [eduA, sharedA, sharedB, mixedEdu, flrA];

beforeAll(() => {
  for (const address of BOUND) bindToVfio(address);
});
afterAll(() => {
  for (const address of BOUND) restoreDriver(address);
});

const MEMORY = ['-m', '64M'];
const IOMMUFD = ['-object', 'iommufd,id=i'];
const type1 = (address: string): string[] => ['-device', `vfio-pci,host=${address}`];
const iommufd = (address: string): string[] => ['-device', `vfio-pci,host=${address},iommufd=i`];
const HUGE = ['-object', 'memory-backend-memfd,id=m,size=64M,hugetlb=on', '-machine', 'memory-backend=m'];

const asNobody = (memlock: string): string[] => [
  ...['prlimit', `--memlock=${memlock}`],
  ...['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'],
];

const doctor = (args: readonly string[], wrapper?: readonly string[]) =>
  runSubcommand(['doctor', '--format', 'json', '-machine', 'bare', ...args], wrapper);

/** Ids of hard criteria that fail. */
const failures = (stdout: string): string[] =>
  JSON.parse(stdout).criteria.flatMap(({ id, level, result }: { id: string; level: string; result: string }) =>
    level === 'hard' && result === 'fails' ? [id] : [],
  );

describe('doctor and the kernel agree', () => {
  it.each([
    { what: 'type1', args: [...MEMORY, ...type1(eduA)] },
    { what: 'iommufd', args: [...MEMORY, ...IOMMUFD, ...iommufd(eduA)] },
    { what: 'the compatibility layer', args: [...MEMORY, '-object', 'iommufd,id=i,compat=type1v2', ...iommufd(eduA)] },
    { what: 'both backends', args: [...MEMORY, ...IOMMUFD, ...iommufd(eduA), ...type1(flrA)] },
    { what: 'a whole group', args: [...MEMORY, ...IOMMUFD, ...iommufd(sharedA), ...iommufd(sharedB)] },
    { what: 'half a group whose other half is on vfio too', args: [...MEMORY, ...type1(sharedB)] },
  ])('ready, and attaches: $what', async ({ args }) => {
    const { status, stdout } = await doctor(args);
    expect({ status, failures: failures(stdout) }).toEqual({ status: 0, failures: [] });
    expect(await runProgram(['--check', ...args])).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([
    { what: 'a device without a driver', args: [...MEMORY, ...type1(eduB)], id: 'bound' },
    { what: 'a device on a host driver', args: [...MEMORY, ...IOMMUFD, ...iommufd(igb)], id: 'bound' },
    { what: 'a group with a host driver, type1', args: [...MEMORY, ...type1(mixedEdu)], id: 'viable' },
    { what: 'a group with a host driver, iommufd', args: [...MEMORY, ...IOMMUFD, ...iommufd(mixedEdu)], id: 'viable' },
    { what: 'a group in two address spaces', args: [...MEMORY, ...IOMMUFD, ...iommufd(sharedA), ...type1(sharedB)], id: 'viable' },
    { what: 'a device that is not there', args: [...MEMORY, ...type1('0000:7f:00.0')], id: 'found' },
    { what: 'huge pages that nobody reserved', args: [...HUGE, ...type1(eduA)], id: 'huge-pages' },
    { what: 'another user', args: [...MEMORY, ...type1(eduA)], id: 'permission', wrapper: asNobody('unlimited') },
  ])('not ready for it, and does not attach: $what', async ({ args, id, wrapper = [] }) => {
    const { status, stdout } = await doctor(args, wrapper);
    expect(status).toBe(1);
    expect(failures(stdout)).toContain(id);
    expect((await runProgram(['--check', ...args], { wrapper })).status).toBe(1);
  });

  it('not ready with a memlock limit below guest RAM, ready with one as large', async () => {
    const nodes = [`/dev/vfio/${groupOf(eduA)}`, cdevOf(eduA) ?? '', '/dev/iommu'];
    const owners = nodes.map((node) => ({ node, uid: statSync(node).uid }));
    for (const node of nodes) chownSync(node, 65534, 65534);
    try {
      for (const device of [type1(eduA), [...IOMMUFD, ...iommufd(eduA)]]) {
        const args = [...MEMORY, ...device];
        const low = await doctor(args, asNobody('33554432'));
        expect({ status: low.status, failures: failures(low.stdout) }).toEqual({ status: 1, failures: ['memlock'] });
        expect((await runProgram(['--check', ...args], { wrapper: asNobody('33554432') })).status).toBe(1);
        expect((await doctor(args, asNobody('67108864'))).status).toBe(0);
        expect((await runProgram(['--check', ...args], { wrapper: asNobody('67108864') })).status).toBe(0);
      }
    } finally {
      for (const { node, uid } of owners) chownSync(node, uid, uid);
    }
  });

  it.each([
    { backend: 'type1', args: [...MEMORY, ...type1(eduA)] },
    { backend: 'iommufd', args: [...MEMORY, ...IOMMUFD, ...iommufd(eduA)] },
  ])('not ready while another process has the device, ready afterwards ($backend)', async ({ args }) => {
    const holder = startProgram(args);
    await holder.printed('1 device attached');
    const busy = await doctor(args);
    expect(busy.status).toBe(1);
    expect(failures(busy.stdout)).toEqual(['free']);
    expect(busy.stdout).toContain(`process ${holder.pid}`);
    expect((await runProgram(['--check', ...args])).status).toBe(1);
    holder.child.kill('SIGTERM');
    await holder.ended;
    expect((await doctor(args)).status).toBe(0);
  });

  it('the host by itself is ready', async () => {
    const { status, stdout } = await runSubcommand(['doctor']);
    expect(stdout).toMatch(/^ready \(/);
    expect(status).toBe(0);
  });
});

describe('devices and the kernel agree', () => {
  it('a device that can be passed attaches, one that cannot does not', async () => {
    const { stdout } = await runSubcommand(['devices', '--format', 'json', ...BOUND, eduB, igb]);
    const usable: string[] = [];
    for (const { address, backends } of JSON.parse(stdout).devices) {
      for (const { backend, usable: expected } of backends) {
        const args = [...MEMORY, '--default-backend', backend, ...type1(address)];
        const { status } = await runProgram(['--check', ...args]);
        expect({ address, backend, attaches: status === 0 }).toEqual({ address, backend, attaches: expected });
        if (expected) usable.push(`${address} ${backend}`);
      }
    }
    expect(usable).toEqual([eduA, sharedA, sharedB, flrA].flatMap((address) => [`${address} type1`, `${address} iommufd`]));
  });
});
