import { describe, expect, test } from 'vitest';
import { explainEngineFailure, type EngineFailure } from '../../src/launch/explain-engine.ts';
import { codes, exampleHost, planOf } from '../plan/planning.ts';

const DEVICE = '-machine bare -m 1G -device vfio-pci,host=01:00.0';

const FAILURE: EngineFailure = {
  path: '/usr/bin/qemu',
  end: { status: 1, signal: undefined },
  lines: ['qemu: something went wrong'],
  plan: planOf('-machine bare', exampleHost('workstation')),
  user: undefined,
};

const USER = { name: 'vm', uid: 64055, gid: 108, memberships: [] };

describe('an engine that failed', () => {
  test('is shown with its last words', () => {
    expect(explainEngineFailure(FAILURE)).toMatchObject({
      code: 'ENGINE_FAILED',
      message: '/usr/bin/qemu ended with exit status 1',
      hint: ['  | qemu: something went wrong'],
    });
  });

  test('is explained by what stands against the launch now', () => {
    const plan = planOf(DEVICE, exampleHost('unprepared'));
    expect(codes(plan)).toContain('NOT_BOUND');
    const { cause, fixes } = explainEngineFailure({ ...FAILURE, plan });
    expect(cause).toContain('is bound to nvidia');
    expect(fixes).toEqual(['vmattach bind 0000:01:00.0']);
  });

  test('by the limit of locked memory', () => {
    const host = exampleHost('workstation');
    const limited = {
      ...host,
      process: { ...host.process, capabilities: [], memlock: { soft: '2147483648', hard: '2147483648' } },
    };
    const plan = planOf('-machine bare -m 1G -device vfio-pci,host=06:00.0', limited);
    expect(codes(plan)).toEqual([]);
    const lines = [
      'qemu: -device vfio-pci,host=06:00.0: vfio 0000:06:00.0: memory listener initialization failed: Region pc.ram: vfio_container_dma_map = -12 (Cannot allocate memory)',
    ];
    expect(explainEngineFailure({ ...FAILURE, plan, lines }).cause).toContain('RLIMIT_MEMLOCK');
  });

  test('by files that its user may not open', () => {
    const lines = ["qemu: -drive file=/srv/a.img: Could not open '/srv/a.img': Permission denied"];
    expect(explainEngineFailure({ ...FAILURE, lines, user: USER })).toMatchObject({ fixes: ['chown vm /srv/a.img'] });
    expect(explainEngineFailure({ ...FAILURE, lines }).fixes).toBeUndefined();
  });

  test('by who kills', () => {
    const end = { status: undefined, signal: 'SIGKILL' };
    expect(explainEngineFailure({ ...FAILURE, end, lines: [] })).toMatchObject({
      message: '/usr/bin/qemu was killed by SIGKILL',
      hint: [],
      fixes: ["dmesg | grep -i 'killed process'"],
    });
  });
});
