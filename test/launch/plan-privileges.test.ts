import { describe, expect, test } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { canUserOpen } from '../../src/kernel/posix-acl.ts';
import { engineMemlock } from '../../src/launch/engine-memlock.ts';
import { planPrivileges, type PrivilegeInput } from '../../src/launch/plan-privileges.ts';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { createPlan } from '../../src/plan/create-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { readRequest } from '../../src/request/read-request.ts';
import { device, group, hostModel } from '../host/models.ts';
import { DEFAULTS } from '../plan/planning.ts';

const GIB = 1024n ** 3n;

const HOST: HostModel = hostModel({
  process: {
    uid: 0,
    gid: 0,
    groups: [],
    capabilities: ['CAP_SYS_RESOURCE', 'CAP_DAC_OVERRIDE'],
    memlock: { soft: '8388608', hard: '8388608' },
  },
  groups: [group({ id: 1 }), group({ id: 2 })],
  devices: [
    device({ address: '0000:01:00.0', driver: 'vfio-pci', group: 1, cdev: { name: 'vfio0', device: '511:0' } }),
    device({ address: '0000:02:00.0', driver: 'vfio-pci', group: 2, cdev: { name: 'vfio1', device: '511:1' } }),
  ],
});

const planOf = (line: string): Plan =>
  createPlan(readRequest(scanArgv(line.split(' ')), 'pc'), HOST, { ...DEFAULTS, passFds: true });

/** Nodes as a stock host has them, and a /dev/kvm of group 104. */
const NODES: Readonly<Record<string, { uid: number; gid: number; mode: number; acl: undefined }>> = {
  '/dev/vfio/vfio': { uid: 0, gid: 0, mode: 0o666, acl: undefined },
  '/dev/iommu': { uid: 0, gid: 0, mode: 0o660, acl: undefined },
  '/dev/vfio/1': { uid: 0, gid: 0, mode: 0o600, acl: undefined },
  '/dev/vfio/2': { uid: 64055, gid: 0, mode: 0o600, acl: undefined },
  '/dev/kvm': { uid: 0, gid: 104, mode: 0o660, acl: undefined },
};

const INPUT: PrivilegeInput = {
  runAs: { name: 'vm', uid: 64055, gid: 108, memberships: [108, 27, 104] },
  supervised: false,
  memlock: undefined,
  kvm: 'no',
  helper: undefined,
  opens: (node, user) => {
    const state = NODES[node];
    return state === undefined ? 'absent' : canUserOpen(state, user);
  },
  ownerOf: (node) => NODES[node],
  freeNumbers: (count) => Array.from({ length: count }, (_, index) => 64 + index),
};

const IOMMUFD = '-object iommufd,id=i0 -device vfio-pci,id=a,host=01:00.0,iommufd=i0 -device vfio-pci,id=b,host=02:00.0,iommufd=i0';
const TYPE1 = '-device vfio-pci,id=a,host=01:00.0';

describe('what is passed', () => {
  test('each iommufd object and each cdev, in the order in which they are opened', () => {
    expect(planPrivileges(planOf(IOMMUFD), INPUT).opened).toEqual([
      { owner: '/objects/i0', kind: 'iommufd', node: '/dev/iommu', fd: 64, chargesProcess: true },
      { owner: '/machine/peripheral/a', kind: 'vfio-cdev', node: '/dev/vfio/devices/vfio0', fd: 65, chargesProcess: false },
      { owner: '/machine/peripheral/b', kind: 'vfio-cdev', node: '/dev/vfio/devices/vfio1', fd: 66, chargesProcess: false },
    ]);
  });

  test('also for the object that nobody wrote', () => {
    const { opened } = planPrivileges(planOf('-device vfio-iommu-pci,host=01:00.0'), INPUT);
    expect(opened.map(({ owner, node }) => [owner, node])).toEqual([
      ['/objects/#iommufd0', '/dev/iommu'],
      ['/machine/peripheral-anon/device[0]', '/dev/vfio/devices/vfio0'],
    ]);
  });

  test('an object without devices only where there is a node', () => {
    const opens: PrivilegeInput['opens'] = () => 'absent';
    expect(planPrivileges(planOf('-object iommufd,id=i0'), INPUT).opened).toHaveLength(1);
    expect(planPrivileges(planOf('-object iommufd,id=i0'), { ...INPUT, opens }).opened).toEqual([]);
  });

  test('nothing for type1, which is said', () => {
    const { opened, notes, credentials } = planPrivileges(planOf(TYPE1), { ...INPUT, runAs: undefined });
    expect({ opened, credentials }).toEqual({ opened: [], credentials: undefined });
    expect(notes.join('\n')).toContain('type1 have no file descriptor');
  });
});

describe('type1 for another user', () => {
  test('is refused without somebody who takes the grant back, with both ways out', () => {
    const { problems, grants } = planPrivileges(planOf(TYPE1), INPUT);
    expect(grants).toEqual([]);
    expect(problems).toMatchObject([{ code: 'PERMISSION', severity: 'error', subject: '/dev/vfio/1', location: TYPE1 }]);
    expect(problems[0]?.message).toBe("vfio 0000:01:00.0: Could not open '/dev/vfio/1': Permission denied");
    expect(problems[0]?.fixes?.join('\n')).toMatch(/--default-backend iommufd[\s\S]*--supervise/);
  });

  test('is granted under supervision', () => {
    const { problems, grants } = planPrivileges(planOf(TYPE1), { ...INPUT, supervised: true });
    expect({ problems, grants }).toEqual({ problems: [], grants: [{ node: '/dev/vfio/1', uid: 64055 }] });
  });

  test('needs nothing where the user may open the node', () => {
    const { problems, grants } = planPrivileges(planOf('-device vfio-pci,host=02:00.0'), INPUT);
    expect({ problems, grants }).toEqual({ problems: [], grants: [] });
  });

  test('is granted a group node that is not there yet, and the container only where it is closed', () => {
    const opens: PrivilegeInput['opens'] = () => 'absent';
    expect(planPrivileges(planOf(TYPE1), { ...INPUT, supervised: true, opens }).grants).toEqual([
      { node: '/dev/vfio/1', uid: 64055 },
    ]);
    const closed: PrivilegeInput['opens'] = () => false;
    expect(planPrivileges(planOf(TYPE1), { ...INPUT, supervised: true, opens: closed }).grants.map(({ node }) => node)).toEqual([
      '/dev/vfio/1',
      '/dev/vfio/vfio',
    ]);
  });
});

describe('the user', () => {
  test('loses all groups when KVM is not used', () => {
    expect(planPrivileges(planOf(IOMMUFD), INPUT).credentials).toEqual({ uid: 64055, gid: 108, groups: [], allowHelpers: false });
  });

  test('keeps the group of /dev/kvm when it is, which is said', () => {
    const { credentials, notes } = planPrivileges(planOf(IOMMUFD), { ...INPUT, kvm: 'needed' });
    expect(credentials?.groups).toEqual([104]);
    expect(notes.join('\n')).toContain('group 104 is kept, because vm is in it');
  });

  test.each([
    ['needed', 'error'],
    ['preferred', 'warning'],
  ] as const)('who may not open /dev/kvm: %s is an %s', (kvm, severity) => {
    const runAs = { name: 'x', uid: 9, gid: 9, memberships: [9] };
    const { problems } = planPrivileges(planOf('-S'), { ...INPUT, runAs, kvm });
    expect(problems).toMatchObject([{ code: 'PERMISSION', severity, subject: '/dev/kvm' }]);
    expect(problems[0]?.cause).toContain('mode 0660, owner 0:104');
    expect(problems[0]?.fixes).toEqual(['usermod -aG $(stat -c %G /dev/kvm) x', 'setfacl -m u:x:rw /dev/kvm']);
  });

  test("is never told to join root's group", () => {
    const ownerOf: PrivilegeInput['ownerOf'] = () => ({ uid: 0, gid: 0, mode: 0o660 });
    const input = { ...INPUT, kvm: 'needed' as const, opens: () => false as const, ownerOf };
    expect(planPrivileges(planOf('-S'), input).problems[0]?.fixes).toEqual(['setfacl -m u:vm:rw /dev/kvm']);
  });

  test('may start programs that gain privileges only if the command line needs one', () => {
    const { credentials, notes } = planPrivileges(planOf('-S'), { ...INPUT, helper: '-netdev bridge,id=n' });
    expect(credentials?.allowHelpers).toBe(true);
    expect(notes.join('\n')).toContain('-netdev bridge,id=n makes QEMU start a helper');
  });
});

describe('the limit of locked memory', () => {
  const process = { ...HOST.process };
  const memlock = { ...planOf(`-m 2G ${IOMMUFD}`).memlock };

  test('is what is planned and 1 GiB more', () => {
    expect(memlock).toMatchObject({ required: 2n * GIB, accounting: 'process', sufficient: false });
    expect(engineMemlock(memlock, process)).toEqual({ soft: 3n * GIB, hard: 3n * GIB });
  });

  test.each([
    ['is not lowered', { limit: 4n * GIB, hardLimit: 4n * GIB }, undefined],
    ['stays when nothing is held against it', { accounting: 'none' as const }, undefined],
    ['stays unlimited', { limit: undefined, hardLimit: undefined }, undefined],
    ['leaves a higher hard limit', { hardLimit: 8n * GIB }, { soft: 3n * GIB, hard: 8n * GIB }],
    ['leaves an unlimited hard limit', { hardLimit: undefined }, { soft: 3n * GIB, hard: undefined }],
    ['is of no concern where nothing is pinned', { required: 0n }, undefined],
  ])('%s', (_, changes, expected) => {
    expect(engineMemlock({ ...memlock, ...changes }, process)).toEqual(expected);
  });

  test('goes no higher than the hard limit without CAP_SYS_RESOURCE', () => {
    const plain = { ...process, capabilities: [] };
    expect(engineMemlock({ ...memlock, hardLimit: 2n * GIB }, plain)).toEqual({ soft: 2n * GIB, hard: 2n * GIB });
    expect(engineMemlock(memlock, plain)).toBeUndefined();
  });
});
