import { chmodSync } from 'node:fs';
import { countReceived, sendNode, startBroker as startAnyBroker } from '../../kernel-api/peer-socket.ts';

export interface Broker {
  /** Resolves when the client has said that it has the fd. */
  readonly acknowledged: Promise<void>;
}

/**
 * Starts a broker for the fd of a node, and waits until it listens. As KubeVirt's iommufd plugin does it: one client, one byte with the
 * fd, one byte back. Anybody may connect.
 */
export const startBroker = async (socket: string, node: string): Promise<Broker> => {
  const { said } = await startAnyBroker(socket, async (client) => {
    sendNode(client, '\0', node);
    if ((await countReceived(client)) !== 1) throw new Error('the broker got no answer');
  });
  chmodSync(socket, 0o666);
  return { acknowledged: said };
};
