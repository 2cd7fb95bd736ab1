import { describe, expect, test } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { createPlan } from '../../src/plan/create-plan.ts';
import { withoutDevice } from '../../src/request/change-request.ts';
import { codes, DEFAULTS, requestOf } from './planning.ts';
import { WORKSTATION } from './hosts.ts';

const LINE =
  '-m 64M -object iommufd,id=i -device vfio-pci,id=a,host=01:00.0,iommufd=i -device vfio-pci,id=b,host=06:00.0,iommufd=i';

/** The same host, on which nobody may open the cdev of a device any more. */
const closed = (address: string): HostModel => {
  const cdev = WORKSTATION.devices.find((device) => device.address === address)?.cdev;
  const node = { device: cdev?.device ?? '', mode: '0000', uid: 0, gid: 0 };
  const process = { ...WORKSTATION.process, uid: 1000, capabilities: [] };
  return { ...WORKSTATION, process, nodes: { ...WORKSTATION.nodes, [`/dev/vfio/devices/${cdev?.name}`]: node } };
};

describe('a plan for a machine that runs', () => {
  test('is the one that a launch of the same request gets', () => {
    const request = requestOf(LINE);
    const running = createPlan(withoutDevice(requestOf(LINE), '/machine/peripheral/b'), WORKSTATION, DEFAULTS);
    const { steps, ...plan } = createPlan(request, WORKSTATION, DEFAULTS, running);
    const { steps: asLaunched, ...launched } = createPlan(request, WORKSTATION, DEFAULTS);
    expect(plan).toEqual(launched);
    expect(steps.map(({ id, after }) => [id, after])).toEqual(asLaunched.map(({ id, after }) => [id, after]));
  });

  test('does not judge an attached device again, but one that is added', () => {
    const request = requestOf(LINE);
    const running = createPlan(request, WORKSTATION, DEFAULTS);
    expect(codes(createPlan(request, closed('0000:01:00.0'), DEFAULTS))).toEqual(['PERMISSION']);
    expect(codes(createPlan(request, closed('0000:01:00.0'), DEFAULTS, running))).toEqual([]);
    const other = requestOf(LINE);
    expect(codes(createPlan(other, closed('0000:01:00.0'), DEFAULTS, running))).toEqual(['PERMISSION']);
  });

  test('judges a device again that was read again', () => {
    const request = requestOf(LINE);
    const running = createPlan(request, WORKSTATION, DEFAULTS);
    const host = closed('0000:01:00.0');
    const reread = { ...host, devices: host.devices.map((device) => ({ ...device })) };
    expect(codes(createPlan(request, reread, DEFAULTS, running))).toEqual(['PERMISSION']);
  });
});
