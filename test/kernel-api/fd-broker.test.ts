import { spawn } from 'node:child_process';
import { fstatSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receiveFd } from '../../src/kernel/linux/fd-broker.ts';
import { linuxFdCalls } from '../../src/kernel/linux/fd-calls.ts';

/** A one-shot broker; `c` is the connection, `fd()` opens something to send. It says what the client answers. */
const BROKER = `
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); print('ready', flush=True)
c, _ = s.accept()
def fd(): return os.open('/dev/zero', os.O_RDWR)
exec(sys.argv[2])
`;

interface Broker {
  readonly path: string;
  /** What it printed, once it has ended. */
  readonly said: Promise<string>;
}

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-broker-'));
let brokers = 0;
afterAll(() => rmSync(folder, { recursive: true }));

const startBroker = async (script: string): Promise<Broker> => {
  const socket = path.join(folder, `broker${(brokers += 1)}`);
  const child = spawn('python3', ['-c', BROKER, socket, script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const ended = new Promise<string>((resolve) => {
    child.once('close', () => resolve(text.replace(/^ready\n/, '').trim()));
  });
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      resolve();
    });
  });
  return { path: socket, said: ended };
};

const openFds = (): number => readdirSync('/proc/self/fd').length;

describe('receiveFd', () => {
  let before = 0;
  beforeAll(async () => {
    // The first use loads native code and makes what Node keeps for sockets.
    const broker = await startBroker("socket.send_fds(c, [b'x'], [fd()])");
    linuxFdCalls.close(await receiveFd(broker.path));
    await broker.said;
    before = openFds();
  });

  it('takes the fd, close-on-exec, and answers with one byte', async () => {
    const broker = await startBroker("socket.send_fds(c, [b'\\0'], [fd()]); print(len(c.recv(2)), c.recv(1))");
    const fd = await receiveFd(broker.path);
    expect(fstatSync(fd).rdev).toBe(statSync('/dev/zero').rdev);
    expect(await broker.said).toBe("1 b''");
    linuxFdCalls.close(fd);
    expect(openFds()).toBe(before);
  });

  it('keeps the fd of a broker that does not wait for the answer', async () => {
    const broker = await startBroker("socket.send_fds(c, [b'x'], [fd()]); c.close(); s.close()");
    const fd = await receiveFd(broker.path);
    expect(fstatSync(fd).rdev).toBe(statSync('/dev/zero').rdev);
    linuxFdCalls.close(fd);
  });

  it.each([
    ['a byte without an fd', "c.send(b'x'); c.recv(1)", 'the broker sent 1 bytes without one'],
    ['nothing', 'c.close()', 'the broker closed the connection at once'],
    ['two fds', "socket.send_fds(c, [b'x'], [fd(), fd()]); c.recv(1)", 'it is not known which of them is meant'],
    ['silence', 'c.recv(1)', 'the broker was silent for 0.2 s'],
  ])('%s is refused, and no fd is left', async (_name, script, cause) => {
    const broker = await startBroker(script);
    await expect(receiveFd(broker.path, 200)).rejects.toMatchObject({ problem: { code: 'FD_NOT_OPEN', cause } });
    await broker.said;
    expect(openFds()).toBe(before);
  });

  it('says that nobody listens', async () => {
    await expect(receiveFd(path.join(folder, 'nobody'))).rejects.toMatchObject({
      problem: { code: 'FILE', message: `Failed to connect to '${folder}/nobody': No such file or directory` },
    });
  });
});
