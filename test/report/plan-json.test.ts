import { describe, expect, test } from 'vitest';
import { planJson } from '../../src/report/plan-json.ts';
import { MDEV_UUID, SERVER, withFds, withMediatedDevice, withMemlock, WORKSTATION } from '../plan/hosts.ts';
import { EXAMPLE_HOSTS, exampleHost, planOf } from '../plan/planning.ts';

const jsonOf = (line: string, host = WORKSTATION) => planJson(planOf(line, host));

const keysOf = (items: readonly object[]): readonly string[] => [...new Set(items.flatMap((item) => Object.keys(item)))];

const EVERYTHING =
  '-m 4G -object iommufd,id=i -object iommufd,id=c,compat=type1,fd=20 -device vfio-pci,host=01:00.0 -device vfio-pci,id=n,host=06:00.0,iommufd=i';

/** Keys that management layers rely on. A change here is a change of `schema`. */
describe('planJson has exactly the documented keys', () => {
  const json = jsonOf(EVERYTHING, withFds(WORKSTATION, { 20: { kind: 'iommufd' } }));

  test('at the top', () => {
    expect(Object.keys(json)).toEqual([
      'schema',
      'machine',
      'objects',
      'devices',
      'addressSpaces',
      'fds',
      'memlock',
      'steps',
      'timeline',
      'problems',
    ]);
    expect(json.schema).toBe('vmattach.plan/1');
  });

  test.each<[what: string, items: readonly object[], keys: readonly string[]]>([
    ['machine', [json.machine], ['type', 'engine', 'memoryBytes']],
    ['objects', json.objects, ['path', 'id', 'type', 'auto', 'properties']],
    [
      'devices',
      json.devices,
      ['path', 'id', 'type', 'host', 'sysfs', 'cdev', 'group', 'mdev', 'backend', 'reason', 'links', 'addressSpace'],
    ],
    ['addressSpaces', json.addressSpaces, ['id', 'backend', 'devices', 'maps']],
    ['maps', json.addressSpaces.flatMap(({ maps }) => maps), ['iova', 'size', 'access', 'memory']],
    ['fds', json.fds, ['number', 'kind', 'owner']],
    ['memlock', [json.memlock], ['requiredBytes', 'limitBytes', 'accounting', 'sufficient', 'libvirt', 'notes']],
    ['steps', json.steps, ['id', 'call', 'after', 'subject']],
    ['timeline', [json.timeline], ['predictedMs', 'criticalPath']],
    ['problems', json.problems, ['code', 'severity', 'subject', 'message', 'cause', 'fixes']],
  ])('in %s', (_what, items, keys) => {
    expect(items.length).toBeGreaterThan(0);
    expect(keysOf(items)).toEqual(keys);
  });

  test('also where there is nothing to say', () => {
    const empty = jsonOf('');
    expect(Object.keys(empty)).toEqual(Object.keys(json));
    expect([empty.devices, empty.addressSpaces, empty.fds, empty.problems]).toEqual([[], [], [], []]);
  });

  test.each(EXAMPLE_HOSTS)('and no value that JSON cannot hold, on %s', (host) => {
    const plan = jsonOf('-m 4G -device vfio-pci,host=01:00.0 -device vfio-iommu-pci,host=41:02.0', exampleHost(host));
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });
});

describe('planJson describes', () => {
  test('a device by host address', () => {
    expect(jsonOf('-object iommufd,id=i -device vfio-pci,id=n,host=06:00.0,iommufd=i').devices).toEqual([
      {
        path: '/machine/peripheral/n',
        id: 'n',
        type: 'vfio-pci',
        host: '0000:06:00.0',
        sysfs: '/sys/bus/pci/devices/0000:06:00.0',
        cdev: '/dev/vfio/devices/vfio2',
        group: 16,
        mdev: null,
        backend: 'iommufd',
        reason: "it links to the iommufd object 'i'",
        links: { iommufd: '/objects/i' },
        addressSpace: 'ioas(i)',
      },
    ]);
  });

  test('a mediated device', () => {
    const line = `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID}`;
    expect(jsonOf(line, withMediatedDevice(WORKSTATION)).devices).toMatchObject([
      { id: null, host: null, mdev: MDEV_UUID, group: 40, links: {}, addressSpace: 'container0' },
    ]);
  });

  test('the properties of objects that were given, in the order of their names', () => {
    const { objects } = jsonOf('-object memory-backend-ram,id=m,size=1G,share=on,host-nodes=0-1,policy=bind -object iommufd,id=i');
    expect(objects.map(({ properties }) => JSON.stringify(properties))).toEqual([
      '{"host-nodes":[0,1],"policy":"bind","share":true,"size":1073741824}',
      '{}',
    ]);
  });

  test('the map of RAM', () => {
    expect(jsonOf('-m 4G -device vfio-pci,host=06:00.0').addressSpaces).toEqual([
      {
        id: 'container0',
        backend: 'type1',
        devices: ['/machine/peripheral-anon/device[0]'],
        maps: [
          { iova: '0x0', size: 2147483648, access: 'rw', memory: 'pc.ram' },
          { iova: '0x100000000', size: 2147483648, access: 'rw', memory: 'pc.ram' },
        ],
      },
    ]);
  });

  test.each([
    ['bare', 'built-in'],
    ['q35', 'qemu'],
  ])('machine %s as run by %s', (type, engine) => {
    expect(jsonOf(`-machine ${type}`).machine).toEqual({ type, engine, memoryBytes: 134_217_728 });
  });
});

describe('planJson keeps numbers exact', () => {
  test.each([
    ['0', 0],
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740992', '9007199254740992'],
    ['18446744073709547520', '18446744073709547520'],
  ])('a limit of %s bytes', (limit, shown) => {
    expect(jsonOf('', withMemlock(SERVER, BigInt(limit))).memlock.limitBytes).toBe(shown);
  });

  test('and says unlimited in a word', () => {
    expect(jsonOf('').memlock.limitBytes).toBe('unlimited');
  });

  test('in sizes beyond 2^53', () => {
    const { machine, objects } = jsonOf('-object memory-backend-ram,id=m,size=9007199254743040 -machine memory-backend=m');
    expect(machine.memoryBytes).toBe('9007199254745088');
    expect(objects[0]?.properties).toEqual({ size: '9007199254743040' });
  });
});
