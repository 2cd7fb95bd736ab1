import { describe, expect, it } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { run, WORKSTATION } from './run.ts';

const UNPREPARED = ['--host-model', 'examples/hosts/unprepared.json'];

describe('vmattach bind on a host model', () => {
  it('prints the whole group and the writes as a script', async () => {
    const { status, stdout, stderr } = await run(['bind', '--dry-run', ...UNPREPARED, '01:00.0']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('#')).join('\n')).toMatch(
      /group 14[^]*nvidia +vfio-pci +named[^]*snd_hda_intel +vfio-pci/,
    );
    expect(lines.filter((line) => !line.startsWith('#'))).toEqual([
      'modprobe vfio-pci',
      'echo vfio-pci > /sys/bus/pci/devices/0000:01:00.1/driver_override',
      'echo 0000:01:00.1 > /sys/bus/pci/devices/0000:01:00.1/driver/unbind',
      'echo 0000:01:00.1 > /sys/bus/pci/drivers_probe',
      'echo vfio-pci > /sys/bus/pci/devices/0000:01:00.0/driver_override',
      'echo 0000:01:00.0 > /sys/bus/pci/devices/0000:01:00.0/driver/unbind',
      'echo 0000:01:00.0 > /sys/bus/pci/drivers_probe',
    ]);
  });

  it('a device that is bound already needs no writes', async () => {
    const { status, stdout } = await run(['bind', '--dry-run', '--host-model', WORKSTATION, '01:00.0']);
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/^[^#]/m);
  });

  it('unbind: the kernel chooses, since nothing was saved', async () => {
    const { status, stdout, stderr } = await run(['unbind', '--dry-run', '--host-model', WORKSTATION, '01:00.0']);
    expect(status).toBe(0);
    expect(stdout).toContain('echo > /sys/bus/pci/devices/0000:01:00.0/driver_override\n');
    expect(stderr).toMatch(/^vmattach: 0000:01:00.0: warning: nothing was saved about its former state/m);
  });

  it.each([['bind'], ['unbind']])('%s writes to this host only', async (command) => {
    expectClearError(
      await run([command, ...UNPREPARED, '01:00.0']),
      '--host-model examples/hosts/unprepared.json: drivers are bound on this host only',
    );
  });
});

describe.each([['bind'], ['unbind']])('vmattach %s', (command) => {
  const dry = [command, '--dry-run', ...UNPREPARED];

  it.each([
    { name: 'no device', words: dry, message: /missing required argument/ },
    {
      name: 'a device that is not there',
      words: [...dry, '0000:7f:00.0'],
      message: "0000:7f:00.0: there is no PCI device '0000:7f:00.0'",
    },
    { name: 'a part of several addresses', words: [...dry, '01:00'], message: "01:00: '01:00' is part of 2 PCI addresses" },
    { name: 'an empty word', words: [...dry, ''], message: /there is no PCI device ''/ },
    { name: 'an option of a launch', words: [...dry, '-device', 'x'], message: /unknown option '-d/ },
    {
      name: 'a model that is not there',
      words: [command, '--dry-run', '--host-model', '/nowhere', '01:00.0'],
      message: /cannot read/,
    },
  ])('$name is a clear error', async ({ words, message }) => {
    expectClearError(await run(words), message);
  });

  it('has a help of its own', async () => {
    const { status, stdout, stderr } = await run([command, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: vmattach ${command} \\[options\\] <DEVICE\\.\\.\\.>`));
    expect(stdout).toContain('--undo-file');
  });
});

describe('vmattach bind', () => {
  it.each([
    {
      name: 'a driver that is a path',
      words: ['--driver', '../vfio-pci'],
      message: "--driver ../vfio-pci: '../vfio-pci' is not the name of a driver",
    },
    { name: 'others on any driver', words: ['--others', 'nvme'], message: /Allowed choices are vfio-pci, pci-stub/ },
  ])('$name is a clear error', async ({ words, message }) => {
    expectClearError(await run(['bind', '--dry-run', ...UNPREPARED, ...words, '01:00.0']), message);
  });

  it('of one device only says that its group will not be viable', async () => {
    const { status, stderr } = await run(['bind', '--dry-run', ...UNPREPARED, '--only-named', '01:00.0']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^vmattach: warning: group 14 will not be viable\n {2}cause: 0000:01:00.1 stays on snd_hda_intel$/m);
  });

  it('of a bridge is refused', async () => {
    const { status, stdout, stderr } = await run(['bind', '--dry-run', ...UNPREPARED, '00:01.0']);
    expect(status).toBe(1);
    expect(stdout).not.toMatch(/^echo/m);
    expect(stderr).toMatch(/^vmattach: 0000:00:01.0: a bridge cannot be passed through$/m);
  });
});
