import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { BACKENDS, type BackendName } from '../backends/address-space.ts';
import { failure } from '../errors/problem.ts';
import type { ScannedOption } from '../options/scan-argv.ts';
import { OWN_OPTIONS, type OwnOptionDefinition } from './own-options.ts';
import { settingsOf, type OwnValues, type Settings } from './settings.ts';

const isBackend = (name: string): name is BackendName => BACKENDS.some((backend) => backend === name);

const parseBackends = (list: string): BackendName[] => {
  const names = list.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !isBackend(name));
  if (unknown !== undefined || names.length === 0) {
    throw new InvalidArgumentError(`It takes a list of ${BACKENDS.join(', ')}.`);
  }
  return names.filter(isBackend);
};

/** A row of an option table as commander takes it. */
export const toOption = ({ name, metavar, description, choices, default: value }: OwnOptionDefinition): Option => {
  const option = new Option(`--${name}${metavar === undefined ? '' : ` <${metavar}>`}`, description);
  if (name === 'enable-backends') {
    return option.argParser(parseBackends).default(parseBackends(value ?? ''), value);
  }
  if (choices !== undefined) {
    option.choices([...choices]);
  }
  return value === undefined ? option : option.default(value);
};

/** The program as commander sees it: our options only; QEMU's words have been taken out before. */
const createProgram = (): Command => {
  const program = new Command('vmattach');
  for (const definition of OWN_OPTIONS) {
    program.addOption(toOption(definition));
  }
  return program
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .helpOption(false);
};

const words = ({ name, value }: ScannedOption): string[] => [`--${name}${value === undefined ? '' : `=${value}`}`];

/** commander's own words say what is allowed; only its prefix goes. */
const refused = (error: CommanderError, options: readonly ScannedOption[]) => {
  const option = options.find(({ name }) => error.message.includes(`--${name} `));
  const [choice] = OWN_OPTIONS.find(({ name }) => name === option?.name)?.choices ?? [];
  return failure('VALUE_INVALID', error.message.replace(/^error: /, ''), {
    location: option?.location,
    fixes: choice === undefined ? undefined : [`--${option?.name} ${choice}`],
  });
};

/** @param own options of vmattach, and none of QEMU's. @throws VALUE_INVALID */
export const parseSettings = (own: readonly ScannedOption[]): Settings => {
  const program = createProgram();
  try {
    program.parse(own.flatMap(words), { from: 'user' });
  } catch (error) {
    throw error instanceof CommanderError ? refused(error, own) : error;
  }
  return settingsOf(program.opts<OwnValues>());
};
