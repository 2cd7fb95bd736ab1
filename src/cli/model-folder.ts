import { statSync } from 'node:fs';
import { failure, type VmattachError } from '../errors/problem.ts';

/** Whether `--host-model` names a folder of models, which only planning can answer for. What cannot be looked at is left to who reads it. */
export const isModelFolder = (model: string): boolean => {
  try {
    return statSync(model).isDirectory();
  } catch {
    return false;
  }
};

export const folderRefused = (folder: string): VmattachError =>
  failure('VALUE_INVALID', 'this is a folder, and one host is needed', {
    location: `--host-model ${folder}`,
    cause: 'a folder of host models can be planned for; launching, --check and all else run on one host',
    fixes: [`vmattach plan --host-model ${folder} with the same options`, '--host-model with one file of the folder'],
  });
