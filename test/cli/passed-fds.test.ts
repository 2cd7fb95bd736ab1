import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { countReceived, sendNode, startBroker } from '../kernel-api/peer-socket.ts';
import { expectClearError } from './expect-error.ts';
import { run, runShell } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-passed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const launch = (fd: string): string[] => ['--check', '-machine', 'bare', '-m', '8M', '-object', `iommufd,id=i,fd=${fd}`];

/** What the program says shows that it looked at the file, which is none of vfio's. */
const SEEN = 'is a character device, not an iommufd (/dev/iommu)';

describe('fd=unix:PATH', () => {
  test('is asked by a launch, and told that the fd has arrived', async () => {
    const socket = path.join(folder, 'broker');
    const broker = await startBroker(socket, (client) => {
      sendNode(client, '\0', '/dev/zero');
      return countReceived(client);
    });
    // A plan leaves it alone: it gives its fd once.
    const planned = await run(['plan', ...launch(`unix:${socket}`).slice(1)]);
    expect(planned.stderr).toContain('is asked for its file descriptor by a launch only');
    const outcome = await run(launch(`unix:${socket}`));
    expectClearError(outcome, new RegExp(`^-object iommufd,id=i,fd=unix:${socket}: fd \\d+ is a character device`));
    expect(await broker.said).toBe(1);
  });

  test('without a broker says so', async () => {
    const socket = path.join(folder, 'nobody');
    expectClearError(
      await run(launch(`unix:${socket}`)),
      `-object iommufd,id=i,fd=unix:${socket}: Failed to connect to '${socket}': No such file or directory`,
    );
  });
});

describe('fd=@NAME', () => {
  const activated = (names: string, args: readonly string[]): string =>
    `export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=${names}; exec "$VMATTACH" ${args.join(' ')} 3</dev/null 4<>/dev/zero`;

  test('is the fd of that name', async () => {
    const { stderr } = await runShell(activated('monitor:iommufd', launch('@iommufd')));
    expect(stderr).toContain(`fd 4 ${SEEN}`);
  });

  test('is known to plan and doctor too', async () => {
    const args = launch('@iommufd').slice(1);
    for (const command of ['plan', 'doctor']) {
      const { stdout, stderr } = await runShell(activated('monitor:iommufd', [command, ...args]));
      expect(stdout + stderr).toContain('fd 4 is a character device');
    }
  });

  test('that nobody has is refused with the names there are', async () => {
    const outcome = await runShell(activated('monitor:iommufd', launch('@hostdev0')));
    expectClearError(outcome, "-object iommufd,id=i,fd=@hostdev0: no file descriptor is named 'hostdev0'");
    expect(outcome.stderr).toContain('cause: LISTEN_FDNAMES has monitor, iommufd');
  });
});

describe('fd=/dev/fdset/N', () => {
  const withSet = async (flags: string, set = '1') => {
    const fd = openSync('/dev/zero', flags);
    const outcome = await run(['-add-fd', `fd=3,set=1`, ...launch(`/dev/fdset/${set}`)], { fds: [fd] });
    closeSync(fd);
    return outcome;
  };

  test('is a duplicate of the fd with the access mode that is needed', async () => {
    const { stderr } = await withSet('r+');
    expect(stderr).toContain(SEEN);
  });

  test('does not take one for reading only', async () => {
    expectClearError(
      await withSet('r'),
      '-object iommufd,id=i,fd=/dev/fdset/1: Failed to find file descriptor with matching flags=0x2',
    );
  });

  test('of a set that there is not says so', async () => {
    expectClearError(await withSet('r+', '7'), '-object iommufd,id=i,fd=/dev/fdset/7: Failed to find fdset /dev/fdset/7');
  });

  test('-add-fd closes the original, as in QEMU', async () => {
    const fd = openSync('/dev/zero', 'r+');
    const outcome = await run(['-add-fd', `fd=3,set=1`, ...launch('3')], { fds: [fd] });
    closeSync(fd);
    expectClearError(outcome, '-object iommufd,id=i,fd=3: fd 3 is not open');
  });

  test('the set is there for monitors', async () => {
    const fd = openSync('/dev/zero', 'r+');
    const { stdout } = await run(['-machine', 'bare', '-m', '8M', '-qmp', 'stdio', '-add-fd', 'fd=3,set=4,opaque=rdwr:disk'], {
      fds: [fd],
      input: '{"execute":"qmp_capabilities"}{"execute":"query-fdsets"}{"execute":"quit"}',
    });
    closeSync(fd);
    expect(stdout).toMatch(/\{"return": \[\{"fdset-id": 4, "fds": \[\{"fd": \d+, "opaque": "rdwr:disk"\}\]\}\]\}/);
  });
});
