import { describe, expect, it } from 'vitest';
import { mergeFacts } from '../../src/host/merge-facts.ts';
import type { HostModel } from '../../src/host/model.ts';
import { createPlan } from '../../src/plan/create-plan.ts';
import { WORKSTATION } from '../plan/hosts.ts';
import { DEFAULTS, requestOf } from '../plan/planning.ts';

const NIC = '0000:06:00.0';

/** As a host is read for some of its devices. */
const only = (address: string, host: HostModel = WORKSTATION): HostModel => {
  const group = host.devices.find((device) => device.address === address)?.group;
  return {
    ...host,
    groups: host.groups.filter(({ id }) => id === group),
    devices: host.devices.filter((device) => device.group === group),
  };
};

describe('mergeFacts', () => {
  it('plans like facts that were read together', () => {
    const request = requestOf(`-m 64M -device vfio-pci,id=a,host=${NIC} -device vfio-pci,id=b,host=0000:01:00.0`);
    const merged = mergeFacts(only(NIC), only('0000:01:00.0'));
    const plan = createPlan(request, merged, DEFAULTS);
    const whole = createPlan(request, WORKSTATION, DEFAULTS);
    expect(plan.problems).toEqual(whole.problems);
    expect(plan.steps.map(({ id }) => id)).toEqual(whole.steps.map(({ id }) => id));
  });

  it('what is read now counts: drivers, limits, nodes and fds', () => {
    const known = { ...WORKSTATION, fds: { 20: { kind: 'vfio-cdev', address: NIC }, 21: { kind: 'iommufd' } } } as const;
    const fresh: HostModel = {
      ...only(NIC),
      process: { ...WORKSTATION.process, memlock: { soft: 4096, hard: 4096 } },
      devices: only(NIC).devices.map((device) => ({ ...device, driver: 'igc' })),
      nodes: { '/dev/iommu': null },
      fds: { 20: { kind: 'socket' } },
    };
    const merged = mergeFacts(known, fresh);
    expect(merged.process.memlock.soft).toBe(4096);
    expect(merged.devices.find(({ address }) => address === NIC)?.driver).toBe('igc');
    expect(merged.devices).toHaveLength(WORKSTATION.devices.length);
    expect(merged.nodes?.['/dev/iommu']).toBeNull();
    expect(merged.fds).toEqual({ 20: { kind: 'socket' }, 21: { kind: 'iommufd' } });
  });
});
