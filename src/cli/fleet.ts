import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as otherWork } from 'node:timers/promises';
import { failure, VmattachError } from '../errors/problem.ts';
import { readHostModelFile } from '../host/load-model.ts';
import { createPlan } from '../plan/create-plan.ts';
import { hostAnswerJson } from '../report/fleet-json.ts';
import { FleetTable } from '../report/fleet-text.ts';
import { canRun, type HostAnswer } from '../report/host-answer.ts';
import type { LaunchRequest } from '../request/request.ts';
import { isOutputClosed, print } from './output.ts';
import type { Settings } from './settings.ts';

const SUFFIX = '.json';

/** Hosts that are planned before signals and a closed pipe are looked at. */
const BATCH = 32;

const hostName = (name: string): string => name.slice(0, -SUFFIX.length);

const listFolder = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw failure('FILE', `cannot read folder ${folder}`, {
      location: `--host-model ${folder}`,
      cause: error instanceof Error ? error.message : String(error),
      fixes: ['--host-model with a folder that you may read'],
    });
  }
};

/** @throws FILE */
const modelNames = (folder: string): string[] => {
  const names = listFolder(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .toSorted();
  if (names.length === 0) {
    throw failure('FILE', 'no host models in this folder', {
      location: `--host-model ${folder}`,
      cause: `no name in it ends in ${SUFFIX}`,
      fixes: ['vmattach record > FOLDER/HOST.json on each host'],
    });
  }
  return names;
};

/** A pipe with the name of a model would wait for a writer that never comes. @throws FILE */
const checkRegular = (file: string): void => {
  const status = statSync(file, { throwIfNoEntry: false });
  if (status !== undefined && !status.isFile()) {
    throw failure('FILE', `cannot read host model ${file}`, { subject: file, cause: 'it is not a regular file' });
  }
};

/** What cannot be read or planned is an answer as well: one host must not stop the others. */
const answerFor = (folder: string, name: string, request: LaunchRequest, settings: Settings): HostAnswer => {
  const file = path.join(folder, name);
  const host = hostName(name);
  try {
    checkRegular(file);
    const plan = createPlan(request, readHostModelFile(file), settings.backends);
    return { host, file, plan, problems: plan.problems };
  } catch (error) {
    if (!(error instanceof VmattachError)) {
      throw error;
    }
    return { host, file, plan: undefined, problems: [error.problem] };
  }
};

interface Printer {
  readonly heading?: string;
  readonly line: (answer: HostAnswer) => string;
  readonly summary?: () => string;
}

/** @throws VALUE_INVALID for a format that shows one plan */
const createPrinter = (format: Settings['format'], names: readonly string[]): Printer => {
  switch (format) {
    case 'json':
      return { line: (answer) => JSON.stringify(hostAnswerJson(answer)) };
    case 'text': {
      const table = new FleetTable(names.map(hostName));
      return { heading: table.heading(), line: (answer) => table.row(answer), summary: () => table.summary() };
    }
    default:
      throw failure('VALUE_INVALID', 'this format shows one plan, and --host-model names a folder', {
        location: `--format ${format}`,
        cause: 'a folder of host models is answered with a table (text) or one line for each host (json)',
        fixes: ['--format text', '--format json', '--host-model with one file of the folder'],
      });
  }
};

/**
 * Plans a launch on every host model of a folder, in the order of their names, and prints one line for each as soon as it is known.
 * Models are read one by one and not kept.
 * @returns the exit status: 0 if at least one host can run the launch
 * @throws FILE, VALUE_INVALID
 */
export const planFleet = async (folder: string, request: LaunchRequest, settings: Settings): Promise<number> => {
  const names = modelNames(folder);
  const { heading, line, summary } = createPrinter(settings.format, names);
  if (heading !== undefined) {
    print(heading);
  }
  let running = 0;
  for (const [index, name] of names.entries()) {
    if (index % BATCH === 0) {
      await otherWork();
      if (isOutputClosed()) {
        return 1;
      }
    }
    const answer = answerFor(folder, name, request, settings);
    running += canRun(answer) ? 1 : 0;
    print(line(answer));
  }
  if (summary !== undefined) {
    print(summary());
  }
  return running > 0 ? 0 : 1;
};
