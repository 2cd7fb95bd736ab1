import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { examine, type Examination } from '../../../src/preflight/examine.ts';
import { listDevices } from '../../../src/preflight/list-devices.ts';
import { refusal } from '../lib/agreement.ts';
import { attachAnyway, attachHere, detachAll, planHere } from '../lib/attach.ts';
import { bindToVfio, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { runProgram, startProgram } from '../lib/program.ts';
import { runSubcommand } from '../lib/subcommand.ts';

const { eduA, eduB, sharedA, sharedB, mixedEdu, flrA, igb } = readRoles();
const BOUND = [eduA, sharedA, sharedB, mixedEdu, flrA];
const kernel = createLinuxKernel();

beforeAll(() => BOUND.forEach(bindToVfio));
afterAll(() => BOUND.forEach(restoreDriver));
afterEach(detachAll);

const IOMMUFD = ['-object', 'iommufd,id=i'];
const COMPAT = ['-object', 'iommufd,id=i,compat=type1v2'];
const HUGE = ['-object', 'memory-backend-memfd,id=m,size=64M,hugetlb=on', '-machine', 'memory-backend=m'];
const type1 = (address: string): string[] => ['-device', `vfio-pci,host=${address}`];
const iommufd = (address: string): string[] => ['-device', `vfio-pci,host=${address},iommufd=i`];

const examineFor = (args: readonly string[]): Examination => {
  const { plan, host } = planHere(args, undefined, { everything: true, holders: true });
  return examine(host.facts, plan);
};

/** Hard criteria that fail. */
const failures = ({ verdicts }: Examination): string[] =>
  verdicts.filter(({ hard, finding }) => hard && finding.result === 'fails').map(({ criterion }) => criterion.id);

describe('doctor and the kernel agree', () => {
  it.each([
    { what: 'type1', args: type1(eduA) },
    { what: 'iommufd', args: [...IOMMUFD, ...iommufd(eduA)] },
    { what: 'the compatibility layer', args: [...COMPAT, ...iommufd(eduA)] },
    { what: 'both backends', args: [...IOMMUFD, ...iommufd(eduA), ...type1(flrA)] },
    { what: 'a whole group', args: [...IOMMUFD, ...iommufd(sharedA), ...iommufd(sharedB)] },
    { what: 'half a group whose other half is on vfio too', args: type1(sharedB) },
  ])('ready, and attaches: $what', async ({ args }) => {
    expect(examineFor(args).readiness).toBe('ready');
    expect((await attachHere(kernel, args)).records.length).toBeGreaterThan(0);
  });

  it.each([
    { what: 'a device without a driver', args: type1(eduB), id: 'bound' },
    { what: 'a device on a host driver', args: [...IOMMUFD, ...iommufd(igb)], id: 'bound' },
    { what: 'a group with a host driver, type1', args: type1(mixedEdu), id: 'viable' },
    { what: 'a group with a host driver, iommufd', args: [...IOMMUFD, ...iommufd(mixedEdu)], id: 'viable' },
    { what: 'a group in two address spaces', args: [...IOMMUFD, ...iommufd(sharedA), ...type1(sharedB)], id: 'viable' },
    { what: 'huge pages that nobody reserved', args: [...HUGE, ...type1(eduA)], id: 'huge-pages' },
  ])('not ready for it, and the kernel refuses: $what', async ({ args, id }) => {
    const examination = examineFor(args);
    expect(examination.readiness).toBe('not-ready');
    expect(failures(examination)).toEqual([id]);
    await refusal(attachAnyway(kernel, args));
  });

  it('not ready while another process has the device, ready afterwards', async () => {
    const args = [...IOMMUFD, ...iommufd(eduA)];
    const holder = startProgram(['-m', '64M', ...args]);
    await holder.printed('1 device attached');
    expect(failures(examineFor(args))).toEqual(['free']);
    await refusal(attachAnyway(kernel, args));
    holder.child.kill('SIGTERM');
    await holder.ended;
    expect(examineFor(args).readiness).toBe('ready');
  });
});

describe('vmattach doctor', () => {
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
  it.each([
    { what: 'root', wrapper: [], status: 0 },
    { what: 'another user', wrapper: nobody, status: 1 },
  ])('exits with $status for $what, as the launch does', async ({ wrapper, status }) => {
    const args = ['-m', '1M', ...type1(eduA)];
    const examined = await runSubcommand(['doctor', '-machine', 'bare', ...args], wrapper);
    expect({ status: examined.status, stderr: examined.stderr }).toEqual({ status, stderr: '' });
    expect((await runProgram(['--check', ...args], { wrapper })).status).toBe(status);
  });

  it('the host by itself is ready', async () => {
    const { status, stdout } = await runSubcommand(['doctor']);
    expect(stdout).toMatch(/^ready \(/);
    expect(status).toBe(0);
  });
});

describe('devices and the kernel agree', () => {
  const { host } = planHere([], undefined, { everything: true, holders: true });
  const attaches = async (args: readonly string[]): Promise<boolean> => {
    try {
      await attachAnyway(kernel, args);
      return true;
    } catch {
      return false;
    }
  };

  it('a device that can be passed attaches, one that cannot does not', async () => {
    const { facts } = planHere([], undefined, { everything: true, holders: true }).host;
    for (const { facts: device, answers } of listDevices(facts, { words: [...BOUND, eduB, igb], bridges: false })) {
      for (const { backend, usable } of answers) {
        const args = ['--default-backend', backend, ...type1(device.address)];
        const result = { address: device.address, backend, attaches: await attaches(args) };
        expect(result).toEqual({ address: device.address, backend, attaches: usable });
        await detachAll();
      }
    }
  });

  it('a bridge cannot be bound, as the list says', () => {
    const { sharedBridge } = readRoles();
    const [bridge] = listDevices(host.facts, { words: [sharedBridge], bridges: true });
    expect(bridge?.answers[0]?.problems[0]?.cause).toContain('is a PCI bridge');
    expect(() => bindToVfio(sharedBridge)).toThrow('vfio-pci did not take');
    restoreDriver(sharedBridge);
  });
});
