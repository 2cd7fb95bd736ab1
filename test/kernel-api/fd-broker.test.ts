import { fstatSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receiveFd } from '../../src/kernel/linux/fd-broker.ts';
import { linuxFdCalls } from '../../src/kernel/linux/fd-calls.ts';
import { closeSocket, countReceived, sendNode, sendText, startBroker, type Broker } from './peer-socket.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-broker-'));
let brokers = 0;
afterAll(() => rmSync(folder, { recursive: true }));

const brokerOf = async <T>(talk: (client: Socket) => T | Promise<T>): Promise<Broker<T> & { readonly path: string }> => {
  const socket = path.join(folder, `broker${(brokers += 1)}`);
  return { path: socket, ...(await startBroker(socket, talk)) };
};

/** Sends one byte with fds. */
const give =
  (fds: number) =>
  (client: Socket): void =>
    sendNode(client, '\0', '/dev/zero', fds);

const openFds = (): number => readdirSync('/proc/self/fd').length;

describe('receiveFd', () => {
  let before = 0;
  beforeAll(async () => {
    // The first use loads native code and makes what Node keeps for sockets.
    const broker = await brokerOf(give(1));
    linuxFdCalls.close(await receiveFd(broker.path));
    await broker.said;
    before = openFds();
  });

  it('takes the fd, close-on-exec, and answers with one byte', async () => {
    const broker = await brokerOf((client) => {
      give(1)(client);
      return countReceived(client);
    });
    const fd = await receiveFd(broker.path);
    expect(fstatSync(fd).rdev).toBe(statSync('/dev/zero').rdev);
    expect(await broker.said).toBe(1);
    linuxFdCalls.close(fd);
    expect(openFds()).toBe(before);
  });

  it('keeps the fd of a broker that does not wait for the answer', async () => {
    const broker = await brokerOf((client) => {
      give(1)(client);
      return closeSocket(client);
    });
    const fd = await receiveFd(broker.path);
    expect(fstatSync(fd).rdev).toBe(statSync('/dev/zero').rdev);
    linuxFdCalls.close(fd);
  });

  it.each<readonly [string, (client: Socket) => void | Promise<void>, string]>([
    ['a byte without an fd', (client) => sendText(client, 'x'), 'the broker sent 1 bytes without one'],
    ['nothing', closeSocket, 'the broker closed the connection at once'],
    ['two fds', give(2), 'it is not known which of them is meant'],
    ['silence', () => undefined, 'the broker was silent for 0.2 s'],
  ])('%s is refused, and no fd is left', async (_name, talk, cause) => {
    const broker = await brokerOf(async (client) => {
      await talk(client);
      await countReceived(client);
    });
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
