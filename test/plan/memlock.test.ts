import { describe, expect, test } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { SERVER, withMediatedDevice, withMemlock, WORKSTATION, MDEV_UUID } from './hosts.ts';
import { codes, planOf } from './planning.ts';

const GIB = 2n ** 30n;
const TYPE1 = '-device vfio-pci,host=06:00.0';
const CDEV = '-object iommufd,id=i -device vfio-pci,host=06:00.0,iommufd=i';
const COMPAT = '-object iommufd,id=i,compat=type1v2 -device vfio-pci,host=06:00.0,iommufd=i';
const OTHER_CDEV = '-object iommufd,id=j -device vfio-pci,host=01:00.0,iommufd=j';
const MDEV = `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID}`;

const HOST = withMemlock(WORKSTATION, GIB);

describe('memlock', () => {
  test.each<[what: string, line: string, host: HostModel, required: bigint, accounting: string]>([
    ['type1 charges the process', TYPE1, HOST, GIB, 'process'],
    ['several type1 devices share one charge', `${TYPE1} -device vfio-pci,host=01:00.0`, HOST, GIB, 'process'],
    ['iommufd charges the user', CDEV, HOST, GIB, 'user'],
    ['compat on an iommufd charges the user', COMPAT, HOST, GIB, 'user'],
    ['two iommufd objects add up', `${CDEV} ${OTHER_CDEV}`, HOST, 2n * GIB, 'user'],
    ['type1 and iommufd are two counters, each checked alone', `${TYPE1} ${OTHER_CDEV}`, HOST, GIB, 'process and user'],
    ['a mediated device pins nothing up front', MDEV, withMediatedDevice(HOST), 0n, 'process'],
    ['a mediated device beside another changes nothing', `${TYPE1} ${MDEV}`, withMediatedDevice(HOST), GIB, 'process'],
    ['no device locks nothing', '', HOST, 0n, 'process'],
  ])('%s', (_what, line, host, required, accounting) => {
    const { memlock } = planOf(`-m 1G ${line}`, host);
    expect(memlock).toMatchObject({ required, accounting });
  });

  test.each([
    ['just enough', GIB, true],
    ['a byte too little', GIB - 1n, false],
    ['nothing', 0n, false],
  ])('a limit of %s', (_what, limit, sufficient) => {
    for (const line of [TYPE1, CDEV, COMPAT]) {
      const plan = planOf(`-m 1G ${line}`, withMemlock(WORKSTATION, limit));
      expect(plan.memlock).toMatchObject({ limit, sufficient });
      expect(codes(plan)).toEqual(sufficient ? [] : ['MEMLOCK_TOO_LOW']);
    }
  });

  test('two objects need twice the memory', () => {
    const plan = planOf(`-m 1G ${CDEV} ${OTHER_CDEV}`, HOST);
    expect(codes(plan)).toEqual(['MEMLOCK_TOO_LOW', 'DOUBLE_MAP']);
    expect(plan.problems[0]).toMatchObject({
      cause:
        '2048 MiB of guest RAM must be locked, the limit (RLIMIT_MEMLOCK, counted per user, together with all other processes of the user) is 1024 MiB',
      fixes: ['ulimit -l 2097152', 'systemd: LimitMEMLOCK=2147483648', 'start with CAP_IPC_LOCK'],
    });
  });

  test('no limit is enough', () => {
    expect(planOf(`-m 1G ${TYPE1}`, WORKSTATION).memlock).toMatchObject({ limit: undefined, sufficient: true });
  });

  test('CAP_IPC_LOCK lifts the check', () => {
    const { memlock, problems } = planOf('-m 64G -device vfio-pci,host=41:02.0', SERVER);
    expect(memlock).toMatchObject({ required: 64n * GIB, limit: 8_388_608n, accounting: 'none', sufficient: true });
    expect(problems).toEqual([]);
  });
});
