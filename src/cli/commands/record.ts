import { VmattachError, failure } from '../../errors/problem.ts';
import { readHostFacts } from '../../host/linux-facts.ts';
import { parseHostModel } from '../../host/load-model.ts';
import { print, say } from '../output.ts';
import { readOperands } from '../read-operands.ts';
import { sayVanished } from '../read-host.ts';

/** Its words, for parsing, help, completion and the manual. */
export const RECORD_SYNTAX = {
  name: 'record',
  summary: `Prints all that planning needs to know about this host, as JSON that --host-model reads:

  vmattach record > host.json

Serial numbers, MAC addresses, names of users and paths below home folders are not read. Numbers of users and groups are,
and the short names of processes that hold VFIO nodes.`,
  options: [],
};

/** Devices that come and go while they are read can make a record that contradicts itself. */
const MOST_ATTEMPTS = 3;

const attempt = (): string => {
  const model = readHostFacts({ devices: [], fds: [], everything: true, holders: true, onVanished: sayVanished });
  const text = JSON.stringify(model, undefined, 2);
  parseHostModel(text, 'of this host');
  return text;
};

/** @throws HOST_MODEL when the host would not hold still */
const recordHost = (): string => {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof VmattachError) || error.problem.code !== 'HOST_MODEL') {
        throw error;
      }
      if (attempts === MOST_ATTEMPTS) {
        throw failure('HOST_MODEL', error.problem.message, {
          location: 'record',
          hint: error.problem.hint,
          cause: `what was read contradicts itself, ${MOST_ATTEMPTS} times in a row: devices are being added, removed or bound`,
          fixes: ['try again when the host is quiet'],
        });
      }
      say('warning: the host changed while it was being read; reading it again');
    }
  }
};

/** `vmattach record`: the host model of this host, which loads again. @throws HOST_MODEL */
export const record = (argv: readonly string[]): number => {
  if (readOperands(RECORD_SYNTAX, argv) !== undefined) {
    print(recordHost());
  }
  return 0;
};
