import { spawn } from 'node:child_process';

/** As KubeVirt's iommufd plugin does it: one client, one byte with the fd, one byte back. Anybody may connect. */
const BROKER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o666); s.listen(1); print('ready', flush=True)
c, _ = s.accept(); socket.send_fds(c, [b'\\0'], [os.open(sys.argv[2], os.O_RDWR)])
sys.exit(0 if len(c.recv(1)) == 1 else 1)
`;

export interface Broker {
  /** Resolves when the client has said that it has the fd. */
  readonly acknowledged: Promise<void>;
}

/** Starts a broker for the fd of a node, and waits until it listens. */
export const startBroker = async (socket: string, node: string): Promise<Broker> => {
  const child = spawn('python3', ['-c', BROKER, socket, node], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged = new Promise<void>((resolve, reject) => {
    child.once('close', (status) => (status === 0 ? resolve() : reject(new Error('the broker got no answer'))));
  });
  await new Promise((resolve) => void child.stdout.once('data', resolve));
  return { acknowledged };
};
