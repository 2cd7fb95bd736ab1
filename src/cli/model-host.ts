import { VmattachError } from '../errors/problem.ts';
import { readHostModelFile } from '../host/load-model.ts';
import type { HostModel } from '../host/model.ts';
import { createSimulatedKernel } from '../kernel/simulated/simulated-kernel.ts';
import type { HostAccess } from './host-access.ts';
import { folderRefused, isModelFolder } from './model-folder.ts';

/**
 * Reads a model file. What is wrong in it is said by who reads it; that it came from an option, and what else to do, here.
 * @throws FILE, HOST_MODEL
 */
export const readModel = (file: string): HostModel => {
  if (isModelFolder(file)) {
    throw folderRefused(file);
  }
  try {
    return readHostModelFile(file);
  } catch (error) {
    if (!(error instanceof VmattachError)) {
      throw error;
    }
    const { problem } = error;
    const fixes = problem.fixes ?? ['--host-model takes a file like those in examples/hosts'];
    throw new VmattachError({ ...problem, location: `--host-model ${file}`, fixes }, { cause: error });
  }
};

/** The host of a model, with a simulated kernel. @throws FILE, HOST_MODEL */
export const modelledHost = (file: string): HostAccess => {
  const facts = readModel(file);
  return { facts, reread: () => facts, openKernel: () => createSimulatedKernel(facts) };
};
