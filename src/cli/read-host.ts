import { readHostFacts } from '../host/linux-facts.ts';
import type { HostModel } from '../host/model.ts';
import { readModel } from './model-host.ts';
import { say } from './output.ts';

/** A device that goes away while the host is read is no error; whoever misses it in the output learns why. */
export const sayVanished = (name: string): void => say(`warning: ${name} was removed while this host was being read`);

/**
 * All there is to know about this host, or the model of one.
 * @throws FILE, HOST_MODEL
 */
export const readWholeHost = (modelFile: string | undefined): HostModel =>
  modelFile === undefined
    ? readHostFacts({ devices: [], fds: [], everything: true, holders: true, onVanished: sayVanished })
    : readModel(modelFile);
