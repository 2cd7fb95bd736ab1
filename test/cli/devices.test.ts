import { describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { run, WORKSTATION } from './run.ts';

const devices = (...args: string[]) => run(['devices', '--host-model', WORKSTATION, ...args]);

const addressesIn = (stdout: string): string[] => JSON.parse(stdout).devices.map(({ address }: { address: string }) => address);

describe('vmattach devices', () => {
  test('lists what can be passed and through which backends', async () => {
    const { status, stdout, stderr } = await devices();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(
      /^16 +0000:06:00\.0 +network +Intel I225-V ethernet controller +vfio-pci +flr +vfio2 +- +type1, iommufd$/m,
    );
    expect(stdout).toMatch(/^15 +0000:02:00\.0 .* no: not bound$/m);
    expect(stdout).not.toContain('bridge');
  });

  test.each([
    { args: ['gpu'], addresses: ['0000:01:00.0'] },
    { args: ['01:00', 'nvme'], addresses: ['0000:01:00.0', '0000:01:00.1', '0000:02:00.0'] },
    { args: ['vfio-pci'], addresses: ['0000:01:00.0', '0000:01:00.1', '0000:06:00.0'] },
    { args: ['--all', '00:01.0'], addresses: ['0000:00:01.0'] },
  ])('as JSON, filtered by $args', async ({ args, addresses }) => {
    const { status, stdout } = await devices('--format', 'json', ...args);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).schema).toBe('vmattach.devices/1');
    expect(addressesIn(stdout)).toEqual(addresses);
  });

  test('says why not, and what to do, about devices that a filter names', async () => {
    const { stdout } = await devices('nvme');
    expect(stdout).toMatch(/^0000:02:00\.0: NOT_BOUND\n {2}cause: .* is bound to nvme;.*\n {2}fix: /m);
  });

  test('says the same as a plan with that device', async () => {
    const listed = JSON.parse((await devices('--format', 'json', '--all')).stdout).devices;
    for (const { address, backends } of listed) {
      const type1 = backends.find(({ backend }: { backend: string }) => backend === 'type1');
      const plan = await run([
        'plan',
        '--host-model',
        WORKSTATION,
        '-machine',
        'bare',
        '-m',
        '1G',
        '-device',
        `vfio-pci,host=${address}`,
      ]);
      expect({ address, usable: plan.status === 0 }).toEqual({ address, usable: type1.usable });
    }
  });

  test('is the same bytes twice', async () => {
    const [first, second] = await Promise.all([devices('--format', 'json'), devices('--format', 'json')]);
    expect(second).toEqual(first);
  });

  test('reads this host, whatever it is', async () => {
    const { stdout, stderr, signal } = await run(['devices', '--all', '--format', 'json']);
    expect(signal).toBeNull();
    expect(JSON.parse(stdout).schema).toBe('vmattach.devices/1');
    expect(stderr).not.toContain('internal error');
  });

  test('exits with 1 when nothing fits', async () => {
    expectClearError(await devices('nonsense'), 'devices nonsense: no device fits');
    const json = await devices('--format', 'json', 'nonsense');
    expect({ status: json.status, document: JSON.parse(json.stdout) }).toEqual({
      status: 1,
      document: { schema: 'vmattach.devices/1', devices: [] },
    });
  });

  test.each([
    { args: ['--format', 'dot'], says: /--format/ },
    { args: ['--frobnicate'], says: /--frobnicate/ },
    { args: ['--host-model', 'no-such-file.json'], says: /no-such-file\.json/ },
  ])('refuses $args', async ({ args, says }) => expectClearError(await run(['devices', ...args]), says));

  test('--help names the classes', async () => {
    const { status, stdout } = await run(['devices', '--help']);
    expect(status).toBe(0);
    for (const word of ['gpu', 'network', 'nvme', 'usb', 'audio', '--all']) expect(stdout).toContain(word);
  });
});
