import { describe, expect, test } from 'vitest';
import { planText } from '../../src/report/plan-text.ts';
import { SERVER, withFds, withMemlock, WORKSTATION } from '../plan/hosts.ts';
import { exampleHost, planOf } from '../plan/planning.ts';

describe('planText', () => {
  test('draws the address spaces of a machine with both backends', () => {
    const line =
      '-m 4G -object iommufd,id=iommufd0 -device vfio-pci,host=01:00.0 -device vfio-pci,host=01:00.1 -device vfio-pci,id=nic,host=06:00.0,iommufd=iommufd0';
    expect(planText(planOf(line, withMemlock(WORKSTATION, 8n << 30n)))).toMatchInlineSnapshot(`
      "machine bare, 4096 MiB RAM
      ├─ container0: type1  ! DOUBLE_MAP
      │  ├─ why type1, for each device: it links to no iommufd object and the default backend is type1
      │  ├─ 0000:01:00.0 NVIDIA AD102 [GeForce RTX 4090] (/machine/peripheral-anon/device[0]): group 14, /dev/vfio/14
      │  ├─ 0000:01:00.1 NVIDIA AD102 high definition audio (/machine/peripheral-anon/device[1]): group 14, /dev/vfio/14
      │  ├─ RAM 0x0-0x7fffffff (2048 MiB of pc.ram)
      │  └─ RAM 0x100000000-0x17fffffff (2048 MiB of pc.ram)
      ├─ ioas(iommufd0): iommufd, /objects/iommufd0  ! DOUBLE_MAP
      │  ├─ 0000:06:00.0 Intel I225-V ethernet controller (/machine/peripheral/nic): group 16, /dev/vfio/devices/vfio2
      │  │  └─ because it links to the iommufd object 'iommufd0'
      │  ├─ RAM 0x0-0x7fffffff (2048 MiB of pc.ram)
      │  └─ RAM 0x100000000-0x17fffffff (2048 MiB of pc.ram)
      ├─ memlock: needs 4096 MiB, limit 8192 MiB per process and user
      │  ├─ libvirt would set 5120 MiB (1 x RAM + 1 GiB): its 1 GiB more is for device memory, which is not charged
      │  └─ all processes of uid 1000 share what iommufd may pin; how much others use, the kernel shows nowhere
      └─ 37 steps, about 1000.1 ms to attach

      vmattach: warning: guest RAM is mapped 2 times, once for each address space
        cause: 4096 MiB count 2 times: container0 has 0000:01:00.0, 0000:01:00.1; ioas(iommufd0) has 0000:06:00.0
        fix: let all devices link to one iommufd object"
    `);
  });

  test('says what stands against a launch', () => {
    expect(planText(planOf('-device vfio-pci,host=01:00.0', exampleHost('no-iommu')))).toMatchInlineSnapshot(`
      "machine bare, 128 MiB RAM
      ├─ cannot be attached
      │  └─ 0000:01:00.0 (/machine/peripheral-anon/device[0]): type1  ✗ NO_IOMMU
      │     └─ because it links to no iommufd object and the default backend is type1
      ├─ memlock: needs 0 MiB, limit 8 MiB per process
      └─ would be refused: 1 error

      vmattach: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: no iommu_group found: No such file or directory
        cause: 0000:01:00.0 is in no IOMMU group: the IOMMU is off in the firmware or in the kernel, or this machine has none
        fix: enable VT-d or AMD-Vi in the firmware setup
        fix: boot Linux with intel_iommu=on (AMD needs no option)
        fix: dmesg | grep -e DMAR -e AMD-Vi"
    `);
  });

  test.each<[what: string, line: string, host: typeof WORKSTATION, text: RegExp]>([
    [
      'that nothing limits locked memory',
      '-m 1G -device vfio-pci,host=41:02.0',
      SERVER,
      /memlock: needs 1024 MiB, not limited: CAP_IPC_LOCK$/m,
    ],
    [
      'that there is no limit',
      '-device vfio-pci,host=06:00.0',
      WORKSTATION,
      /memlock: needs 128 MiB, limit unlimited per process$/m,
    ],
    [
      'that the limit is too low',
      '-device vfio-pci,host=06:00.0',
      withMemlock(WORKSTATION, 4096n),
      /limit 4096 bytes per process - TOO LOW$/m,
    ],
    [
      'which fds are used',
      '-object iommufd,id=i,fd=20 -device vfio-pci,fd=21,iommufd=i',
      withFds(WORKSTATION, { 20: { kind: 'iommufd' }, 21: { kind: 'vfio-cdev', address: '0000:06:00.0' } }),
      /ioas\(i\): iommufd, \/objects\/i \(fd 20\)\n.*: group 16, fd 21$/m,
    ],
    ['that nothing is passed through', '', WORKSTATION, /─ nothing is passed through$/],
    [
      'a reason once where all devices of an address space share it',
      '-device vfio-pci,host=01:00.0 -device vfio-pci,host=01:00.1',
      WORKSTATION,
      /container0: type1\n.*why type1, for each device: it links to no iommufd object.*\n(?!.*because)/,
    ],
    [
      'that a device has no cdev, where one would be opened',
      '-object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i',
      exampleHost('unprepared'),
      /group 14, no cdev {2}✗ [A-Z_, ]*NOT_BOUND/,
    ],
    [
      'what stands against a device beside it',
      '-device vfio-pci,host=01:00.0 -device vfio-pci,id=twin,host=01:00.0',
      WORKSTATION,
      /\(\/machine\/peripheral\/twin\): group 14, \/dev\/vfio\/14 {2}✗ DUPLICATE_DEVICE$/m,
    ],
    [
      'which device is not there, and its backend all the same',
      '-device vfio-pci,id=gone,host=ff:00.0',
      WORKSTATION,
      /cannot be attached\n.*0000:ff:00\.0 \(\/machine\/peripheral\/gone\): type1 {2}✗ NO_SUCH_DEVICE$/m,
    ],
    [
      'that a device has no backend',
      '-device vfio-pci,id=odd,fd=9',
      WORKSTATION,
      /\/machine\/peripheral\/odd \(\/machine\/peripheral\/odd\): no backend {2}✗ PROPERTY_MISSING$/m,
    ],
    [
      'errors before warnings',
      '-object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=06:00.0',
      exampleHost('unprepared'),
      /\/objects\/i {2}✗ IOMMUFD_MISSING {2}! DOUBLE_MAP$/m,
    ],
    [
      'how many errors stand against it',
      '-device vfio-pci,host=ff:00.0 -device vfio-pci,host=ff:00.1',
      WORKSTATION,
      /└─ would be refused: 2 errors$/m,
    ],
  ])('says %s', (_what, line, host, text) => {
    expect(planText(planOf(line, host))).toMatch(text);
  });

  test('ends without a line feed', () => {
    expect(planText(planOf('', WORKSTATION))).not.toMatch(/\n$/);
  });
});
